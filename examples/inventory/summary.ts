/**
 * Partial inventories that combine. Pure.
 *
 * S1 `combine` is associative and commutative, with `emptySummary` as its neutral element: files may be cut into parts in any way
 *    and the parts combined in any order and any tree, and the result is the same to the byte.
 * S2 A summary is plain JSON. Each of its lists is sorted by a key that is unique in it, so that combining is merging, and equal
 *    summaries have equal JSON. (Lists, not objects: `__proto__` is a word that occurs.)
 * S3 Exact: what a later part may still turn into a duplicate or a frequent word is kept. So a summary grows with its distinct
 *    contents (about 100 characters each), distinct words and packages; every other list has a bound.
 */
import {
  type Counts,
  compareText,
  type FileFacts,
  type Inventory,
  type LanguageTotal,
  type Note,
  type NoteTotal,
  noteKinds,
  type PackageFacts,
  type ReadFacts,
  shown,
  type WordCount,
} from './inventory.ts';

/** Files of one content. `hash` is the first half of the SHA-256; `paths` are the first ones, sorted. */
export type Content = readonly [hash: string, bytes: number, count: number, paths: readonly string[]];

type SizedPath = Inventory['largest'][number];
type Remark = NoteTotal['first'][number];

export type Summary = {
  readonly counts: Counts;
  /** By language. */
  readonly languages: readonly LanguageTotal[];
  /** By path. */
  readonly packages: readonly PackageFacts[];
  /** Most bytes first, then by path; the first `shown.largestFiles`. */
  readonly largest: readonly SizedPath[];
  /** By hash. Empty files are left out. */
  readonly contents: readonly Content[];
  /** By word. */
  readonly words: readonly WordCount[];
  /** By kind. */
  readonly notes: readonly NoteTotal[];
};

export const emptySummary: Summary = {
  counts: { folders: 0, files: 0, bytes: 0, binaryFiles: 0, emptyFiles: 0, links: 0, specials: 0, lost: 0 },
  languages: [],
  packages: [],
  largest: [],
  contents: [],
  words: [],
  notes: [],
};

const hashCharsKept = 32;

/** The summary of some files, and of what listing them found besides: `folders` entered and `notes`. */
export function summarize(facts: Iterable<FileFacts>, folders = 0, notes: readonly Note[] = []): Summary {
  const parts = [{ ...emptySummary, counts: { ...emptySummary.counts, folders }, notes: totalNotes(notes) }];
  return combineAll([...parts, ...Array.from(facts, summaryOfFile)]);
}

export function combine(a: Summary, b: Summary): Summary {
  return {
    counts: addCounts(a.counts, b.counts),
    languages: merge(a.languages, b.languages, (x, y) => compareText(x.language, y.language), addLanguages),
    packages: merge(a.packages, b.packages, comparePackages),
    largest: merge(a.largest, b.largest, compareSizes).slice(0, shown.largestFiles),
    contents: merge(a.contents, b.contents, (x, y) => compareText(x[0], y[0]), addContents),
    words: merge(
      a.words,
      b.words,
      (x, y) => compareText(x[0], y[0]),
      ([word, x], [, y]) => [word, x + y],
    ),
    notes: merge(a.notes, b.notes, (x, y) => compareText(x.kind, y.kind), addNotes),
  };
}

/** Combines any number of summaries, halving, so that each entry is merged a logarithmic number of times. */
export function combineAll(summaries: readonly Summary[]): Summary {
  if (summaries.length <= 1) {
    return summaries[0] ?? emptySummary;
  }
  const middle = summaries.length >> 1;
  return combine(combineAll(summaries.slice(0, middle)), combineAll(summaries.slice(middle)));
}

/** The inventory that a summary of everything amounts to. */
export function inventoryOf(summary: Summary): Inventory {
  const groups = summary.contents
    .filter(([, , count]) => count > 1)
    .map(([sha256, bytes, count, paths]) => ({ sha256, bytes, count, wastedBytes: bytes * (count - 1), paths }));
  const licences = new Map<string, number>();
  for (const { licence } of summary.packages) {
    licences.set(licence, (licences.get(licence) ?? 0) + 1);
  }
  return {
    counts: summary.counts,
    languages: summary.languages.toSorted(
      (a, b) => b.code - a.code || b.bytes - a.bytes || compareText(a.language, b.language),
    ),
    licences: Array.from(licences, ([licence, packages]) => ({ licence, packages })).sort(
      (a, b) => b.packages - a.packages || compareText(a.licence, b.licence),
    ),
    packages: summary.packages,
    largest: summary.largest,
    duplicates: {
      groups: groups.length,
      files: sum(groups.map(({ count }) => count - 1)),
      wastedBytes: sum(groups.map(({ wastedBytes }) => wastedBytes)),
      top: groups
        .toSorted((a, b) => b.wastedBytes - a.wastedBytes || compareText(a.sha256, b.sha256))
        .slice(0, shown.duplicateGroups),
    },
    words: {
      total: sum(summary.words.map(([, count]) => count)),
      distinct: summary.words.length,
      top: summary.words
        .toSorted(([a, aCount], [b, bCount]) => bCount - aCount || compareText(a, b))
        .slice(0, shown.words),
    },
    notes: summary.notes.toSorted((a, b) => noteKinds.indexOf(a.kind) - noteKinds.indexOf(b.kind)),
  };
}

function summaryOfFile(facts: FileFacts): Summary {
  const notes = totalNotes(facts.notes);
  switch (facts.kind) {
    case 'file':
      return { ...summaryOfRead(facts), notes };
    case 'link':
      return { ...emptySummary, counts: { ...emptySummary.counts, links: 1 }, notes };
    case 'special':
      return { ...emptySummary, counts: { ...emptySummary.counts, specials: 1 }, notes };
    case 'lost':
      return { ...emptySummary, counts: { ...emptySummary.counts, lost: 1 }, notes };
    default:
      return facts satisfies never;
  }
}

function summaryOfRead({ path, bytes, sha256, language, lines, words, ...facts }: ReadFacts): Summary {
  return {
    counts: {
      ...emptySummary.counts,
      files: 1,
      bytes,
      binaryFiles: facts.notes.some(({ kind }) => kind === 'binary') ? 1 : 0,
      emptyFiles: bytes === 0 ? 1 : 0,
    },
    languages: [{ language, files: 1, bytes, ...lines }],
    packages: facts.package === null ? [] : [facts.package],
    largest: [{ path, bytes }],
    contents: bytes === 0 ? [] : [[sha256.slice(0, hashCharsKept), bytes, 1, [path]]],
    words,
    notes: [],
  };
}

function totalNotes(notes: readonly Note[]): NoteTotal[] {
  return noteKinds
    .map((kind) => {
      const remarks = notes.filter((note) => note.kind === kind).map(({ path, detail }) => ({ path, detail }));
      return { kind, count: remarks.length, first: remarks.sort(compareRemarks).slice(0, shown.notesPerKind) };
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => compareText(a.kind, b.kind));
}

const addCounts = (a: Counts, b: Counts): Counts => ({
  folders: a.folders + b.folders,
  files: a.files + b.files,
  bytes: a.bytes + b.bytes,
  binaryFiles: a.binaryFiles + b.binaryFiles,
  emptyFiles: a.emptyFiles + b.emptyFiles,
  links: a.links + b.links,
  specials: a.specials + b.specials,
  lost: a.lost + b.lost,
});

const addLanguages = (a: LanguageTotal, b: LanguageTotal): LanguageTotal => ({
  language: a.language,
  files: a.files + b.files,
  bytes: a.bytes + b.bytes,
  code: a.code + b.code,
  comment: a.comment + b.comment,
  blank: a.blank + b.blank,
});

const addContents = ([hash, bytes, a, aPaths]: Content, [, , b, bPaths]: Content): Content => [
  hash,
  bytes,
  a + b,
  merge(aPaths, bPaths, compareText).slice(0, shown.pathsPerDuplicate),
];

const addNotes = (a: NoteTotal, b: NoteTotal): NoteTotal => ({
  kind: a.kind,
  count: a.count + b.count,
  first: merge(a.first, b.first, compareRemarks).slice(0, shown.notesPerKind),
});

const compareSizes = (a: SizedPath, b: SizedPath): number => b.bytes - a.bytes || compareText(a.path, b.path);

const comparePackages = (a: PackageFacts, b: PackageFacts): number => compareText(a.path, b.path);

const compareRemarks = (a: Remark, b: Remark): number => compareText(a.path, b.path) || compareText(a.detail, b.detail);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Merges two sorted lists. What compares equal is added up, or kept twice if there is no `add`. */
function merge<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number, add?: (x: T, y: T) => T): T[] {
  const merged: T[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = compare(a[i]!, b[j]!);
    if (order === 0 && add !== undefined) {
      merged.push(add(a[i]!, b[j]!));
      i += 1;
      j += 1;
    } else if (order <= 0) {
      merged.push(a[i]!);
      i += 1;
    } else {
      merged.push(b[j]!);
      j += 1;
    }
  }
  for (; i < a.length; i += 1) {
    merged.push(a[i]!);
  }
  for (; j < b.length; j += 1) {
    merged.push(b[j]!);
  }
  return merged;
}
