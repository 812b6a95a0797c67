/**
 * What an inventory says: the shapes that the per-file function, the combination, the plain script and the tables share.
 *
 * I1 Everything here is plain JSON: no class instances, no undefined, no Map. Two inventories are equal when their JSON is.
 * I2 Every list has one order, written beside it, so the same tree gives the same bytes however the work was cut up.
 * I3 A path is relative to the folder and in the text form of `path-text.ts`.
 */

/** How much of each list an inventory shows; totals and counts are always of everything. */
export const shown = {
  largestFiles: 20,
  duplicateGroups: 20,
  pathsPerDuplicate: 3,
  words: 30,
  notesPerKind: 100,
} as const;

/** Not entered: version control keeps packed copies of the tree there, and a running inventory its own data. */
export const skippedFolders: ReadonlySet<string> = new Set(['.git', '.tutti']);

/** What may be worth saying about a path. Nothing of this stops an inventory. */
export const noteKinds = [
  'unreadable',
  'vanished',
  'changed',
  'broken-link',
  'not-a-file',
  'bad-package',
  'words-left-out',
  'invalid-utf8',
  'odd-name',
  'skipped-folder',
  'empty-folder',
  'binary',
] as const;
export type NoteKind = (typeof noteKinds)[number];
export type Note = { readonly kind: NoteKind; readonly path: string; readonly detail: string };

/** How often each letter run occurs, ordered by word. */
export type WordCount = readonly [word: string, count: number];

export type LineCounts = { readonly code: number; readonly comment: number; readonly blank: number };

export type PackageFacts = {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly licence: string;
};

/** One file that was read to its end. `sha256` is in hexadecimal; `lines` are all 0 and `words` empty for a binary file. */
export type ReadFacts = {
  readonly kind: 'file';
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly language: string;
  readonly lines: LineCounts;
  readonly words: readonly WordCount[];
  readonly package: PackageFacts | null;
  readonly notes: readonly Note[];
};

/** A link (never followed), a pipe, socket or device (never opened), or a file that could not be read to its end. */
export type UnreadFacts = {
  readonly kind: 'link' | 'special' | 'lost';
  readonly path: string;
  readonly notes: readonly Note[];
};

export type FileFacts = ReadFacts | UnreadFacts;

export type Counts = {
  readonly folders: number;
  readonly files: number;
  readonly bytes: number;
  readonly binaryFiles: number;
  readonly emptyFiles: number;
  readonly links: number;
  readonly specials: number;
  readonly lost: number;
};

export type LanguageTotal = LineCounts & { readonly language: string; readonly files: number; readonly bytes: number };

export type DuplicateGroup = {
  readonly sha256: string;
  readonly bytes: number;
  readonly count: number;
  readonly wastedBytes: number;
  readonly paths: readonly string[];
};

export type NoteTotal = {
  readonly kind: NoteKind;
  readonly count: number;
  /** The first by path, then by detail. */
  readonly first: readonly { readonly path: string; readonly detail: string }[];
};

/** The finished inventory. `sha256` of a duplicate is the first half of it, as in `Content`. */
export type Inventory = {
  readonly counts: Counts;
  /** Most lines of code first, then most bytes, then by name. */
  readonly languages: readonly LanguageTotal[];
  /** Most packages first, then by licence. */
  readonly licences: readonly { readonly licence: string; readonly packages: number }[];
  /** By path. */
  readonly packages: readonly PackageFacts[];
  /** Most bytes first, then by path. */
  readonly largest: readonly { readonly path: string; readonly bytes: number }[];
  /** `files` could go without losing any content. Most wasted bytes first, then by hash. Empty files are no duplicates. */
  readonly duplicates: {
    readonly groups: number;
    readonly files: number;
    readonly wastedBytes: number;
    readonly top: readonly DuplicateGroup[];
  };
  /** Most frequent first, then by word. */
  readonly words: { readonly total: number; readonly distinct: number; readonly top: readonly WordCount[] };
  /** In the order of `noteKinds`, without the kinds that did not occur. */
  readonly notes: readonly NoteTotal[];
};

/** The order of all text here: by UTF-16 code units, the same on every machine and in every locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
