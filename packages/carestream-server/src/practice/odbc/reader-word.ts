/** In a release, which is one file, the reader process is that file with this word. */
export const odbcReaderWord = 'odbc-reader';
