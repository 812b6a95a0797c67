/**
 * The inventory as a plain program would take it: one thread, one file after the other, everything in maps, sorted at the end.
 * It shares the per-file function with the tasks and nothing of how they list, cut up and combine, so each checks the other.
 */
import { readdirSync } from 'node:fs';
import { factsOfFile, noteOfError, notesOfName } from './file-facts.ts';
import {
  compareText,
  type FileFacts,
  type Inventory,
  type LanguageTotal,
  type Note,
  noteKinds,
  type PackageFacts,
  type ReadFacts,
  shown,
  skippedFolders,
} from './inventory.ts';
import { bytesOfPath, textOfPath } from './path-text.ts';

/** Throws the error of the file system if `folder` itself cannot be read. */
export async function takeInventory(folder: string): Promise<Inventory> {
  const tally = new Tally();
  const folders = [''];
  for (const path of folders) {
    for (const entry of readFolder(folder, path, tally)) {
      const name = textOfPath(entry.name);
      const entryPath = path === '' ? name : `${path}/${name}`;
      if (!entry.isDirectory()) {
        tally.addFile(await factsOfFile(folder, entryPath));
      } else if (skippedFolders.has(name)) {
        tally.notes.push({ kind: 'skipped-folder', path: entryPath, detail: '' });
      } else {
        folders.push(entryPath);
      }
    }
  }
  return tally.inventory();
}

function readFolder(
  root: string,
  path: string,
  tally: Tally,
): readonly { readonly name: Buffer; isDirectory(): boolean }[] {
  tally.folders += 1;
  try {
    const place = Buffer.concat([Buffer.from(`${root}/`), bytesOfPath(path)]);
    const entries = readdirSync(place, { encoding: 'buffer', withFileTypes: true });
    tally.notes.push(...notesOfName(path));
    if (entries.length === 0) {
      tally.notes.push({ kind: 'empty-folder', path, detail: '' });
    }
    return entries;
  } catch (error) {
    if (path === '') {
      throw error;
    }
    tally.notes.push(noteOfError(error, path));
    return [];
  }
}

/** Everything seen so far. */
export class Tally {
  folders = 0;
  readonly notes: Note[] = [];
  readonly #others = { link: 0, special: 0, lost: 0 };
  readonly #languages = new Map<string, LanguageTotal>();
  readonly #packages: PackageFacts[] = [];
  readonly #sizes: { path: string; bytes: number }[] = [];
  readonly #contents = new Map<string, { bytes: number; paths: string[] }>();
  readonly #words = new Map<string, number>();

  addFile(facts: FileFacts): void {
    this.notes.push(...facts.notes);
    if (facts.kind !== 'file') {
      this.#others[facts.kind] += 1;
      return;
    }
    this.#addLanguage(facts);
    if (facts.package !== null) {
      this.#packages.push(facts.package);
    }
    this.#sizes.push({ path: facts.path, bytes: facts.bytes });
    const content = this.#contents.get(facts.sha256) ?? { bytes: facts.bytes, paths: [] };
    content.paths.push(facts.path);
    this.#contents.set(facts.sha256, content);
    for (const [word, count] of facts.words) {
      this.#words.set(word, (this.#words.get(word) ?? 0) + count);
    }
  }

  #addLanguage({ language, bytes, lines }: ReadFacts): void {
    const total = this.#languages.get(language);
    this.#languages.set(language, {
      language,
      files: (total?.files ?? 0) + 1,
      bytes: (total?.bytes ?? 0) + bytes,
      code: (total?.code ?? 0) + lines.code,
      comment: (total?.comment ?? 0) + lines.comment,
      blank: (total?.blank ?? 0) + lines.blank,
    });
  }

  inventory(): Inventory {
    const licences = Map.groupBy(this.#packages, ({ licence }) => licence);
    return {
      counts: {
        folders: this.folders,
        files: this.#sizes.length,
        bytes: this.#sizes.reduce((total, { bytes }) => total + bytes, 0),
        binaryFiles: this.notes.filter(({ kind }) => kind === 'binary').length,
        emptyFiles: this.#sizes.filter(({ bytes }) => bytes === 0).length,
        links: this.#others.link,
        specials: this.#others.special,
        lost: this.#others.lost,
      },
      languages: [...this.#languages.values()].sort(
        (a, b) => b.code - a.code || b.bytes - a.bytes || compareText(a.language, b.language),
      ),
      licences: Array.from(licences, ([licence, packages]) => ({ licence, packages: packages.length })).sort(
        (a, b) => b.packages - a.packages || compareText(a.licence, b.licence),
      ),
      packages: this.#packages.sort((a, b) => compareText(a.path, b.path)),
      largest: this.#sizes
        .sort((a, b) => b.bytes - a.bytes || compareText(a.path, b.path))
        .slice(0, shown.largestFiles),
      duplicates: this.#duplicates(),
      words: {
        total: [...this.#words.values()].reduce((total, count) => total + count, 0),
        distinct: this.#words.size,
        top: [...this.#words]
          .sort(([a, aCount], [b, bCount]) => bCount - aCount || compareText(a, b))
          .slice(0, shown.words),
      },
      notes: this.#noteTotals(),
    };
  }

  #duplicates(): Inventory['duplicates'] {
    const groups = Array.from(this.#contents, ([sha256, { bytes, paths }]) => ({
      sha256: sha256.slice(0, 32),
      bytes,
      count: paths.length,
      wastedBytes: bytes * (paths.length - 1),
      paths: paths.sort(compareText).slice(0, shown.pathsPerDuplicate),
    })).filter(({ bytes, count }) => bytes > 0 && count > 1);
    return {
      groups: groups.length,
      files: groups.reduce((total, { count }) => total + count - 1, 0),
      wastedBytes: groups.reduce((total, { wastedBytes }) => total + wastedBytes, 0),
      top: groups
        .sort((a, b) => b.wastedBytes - a.wastedBytes || compareText(a.sha256, b.sha256))
        .slice(0, shown.duplicateGroups),
    };
  }

  #noteTotals(): Inventory['notes'] {
    const byKind = Map.groupBy(this.notes, ({ kind }) => kind);
    return noteKinds.flatMap((kind) => {
      const notes = byKind.get(kind);
      if (notes === undefined) {
        return [];
      }
      const first = notes
        .map(({ path, detail }) => ({ path, detail }))
        .sort((a, b) => compareText(a.path, b.path) || compareText(a.detail, b.detail))
        .slice(0, shown.notesPerKind);
      return [{ kind, count: notes.length, first }];
    });
  }
}
