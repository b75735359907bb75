/** What lies in a folder. */
export interface FolderEntry {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'folder' | 'other';
}

/** The disk, as far as whole files and folders are concerned. */
export interface Files {
  /** Everything below a folder; null where there is none at this path, or something else. Links are `other`, and never followed. */
  list(folder: string): Promise<readonly FolderEntry[] | null>;
  /** The names in a folder alone; none where there is no folder. */
  names(folder: string): Promise<readonly string[]>;
  /** Null where there is no file, or more than `bytesMost`. */
  read(file: string, bytesMost: number): Promise<Buffer | null>;
  /** Writes a file with the folders above it, and lets nothing of it linger in memory when the power goes. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Puts a file in the place of another in one step. */
  replace(file: string, bytes: Uint8Array): Promise<void>;
  /** Removes a file or folder with all in it; nothing where there is none. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder last, where the system can. */
  sync(folder: string): Promise<void>;
  /** How much an ordinary user may still write; null where the system does not tell. */
  freeBytes(folder: string): Promise<number | null>;
}
