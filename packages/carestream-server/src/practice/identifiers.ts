/** An identifier in brackets, `]` doubled: whatever a practice's catalogue holds can be named, and nothing can get out. */
export const quoteName = (name: string): string => `[${name.replaceAll(']', ']]')}]`;
/** A text literal for a statement; used for names of the catalogue alone. */
export const quoteText = (text: string): string => `N'${text.replaceAll("'", "''")}'`;
/** Names are compared without case, spaces, underscores and hyphens. */
export const foldName = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, '');
