/**
 * What to take inventory of: the files below a folder, folder by folder, in one order.
 *
 * W1 A folder's own files come first, by the bytes of their names, then its subfolders, likewise. The same tree gives the same list.
 * W2 Links are listed like files and not followed, so there are no loops.
 * W3 A subfolder that cannot be read is a note; a starting folder that cannot is thrown.
 * W4 Memory is bounded by the part, the largest folder and the folders still to visit, not by the tree.
 * W5 A folder larger than a part is read again for the next one, which goes on after the last name: what is made or removed there
 *    in between may be missed, and nothing is listed twice.
 *
 * A batch is the work of one item of a map: some files, and what the listing itself found. All batches together say everything
 * that the inventory needs to know about the tree; names are kept once per folder, which makes them a fifth of full paths.
 */
import { readdir } from 'node:fs/promises';
import { noteOfError, notesOfName } from './file-facts.ts';
import { type Note, skippedFolders } from './inventory.ts';
import { bytesOfPath, textOfPath } from './path-text.ts';

/** Files of one folder. `folder` is relative (empty for the first one) and, like `names`, in the text form of `path-text.ts`. */
export type FolderFiles = { readonly folder: string; readonly names: readonly string[] };

export type Batch = {
  readonly folders: number;
  readonly files: readonly FolderFiles[];
  readonly notes: readonly Note[];
};

/** A folder still to list: whole (`after` is empty), or what comes after its file `after`. */
export type FolderToList = { readonly folder: string; readonly after: string };

/** Where listing goes on; the last one is next. Empty: all is listed. */
export type Rest = readonly FolderToList[];

export type Part = { readonly batches: readonly Batch[]; readonly rest: Rest };

export type Sizes = {
  readonly filesPerBatch: number;
  /** Batches that one part has at most. */
  readonly batchesPerPart: number;
};

type FolderContent = {
  readonly names: readonly string[];
  readonly subfolders: readonly string[];
  readonly notes: readonly Note[];
};

/** The rest when nothing is listed yet. */
export const allOfIt: Rest = [{ folder: '', after: '' }];

/** Folders without files fill a batch as well, by what there is to say about them. */
const notesPerBatchMax = 256;

/**
 * Lists on from `rest`, part by part, so that no part (a step's result) grows with the tree. A batch has `filesPerBatch` files;
 * the last one of all may have fewer, as may one full of notes. Throws the error of the file system if `folder` itself cannot
 * be read.
 */
export async function listPart(folder: string, rest: Rest, { filesPerBatch, batchesPerPart }: Sizes): Promise<Part> {
  const batches: Batch[] = [];
  let folders = 0;
  let fileCount = 0;
  let files: FolderFiles[] = [];
  let notes: Note[] = [];
  const closeBatch = (): void => {
    batches.push({ folders, files, notes });
    folders = 0;
    fileCount = 0;
    files = [];
    notes = [];
  };
  const waiting = [...rest];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { folder: path, after } = next;
    const content = await contentOf(folder, path);
    if (after === '') {
      folders += 1;
      notes.push(...content.notes);
      waiting.push(...content.subfolders.toReversed().map((subfolder) => ({ folder: subfolder, after: '' })));
    }
    const ahead = after === '' ? content.names : content.names.filter((name) => compareNames(name, after) > 0);
    for (let at = 0; at < ahead.length; ) {
      const names = ahead.slice(at, at + filesPerBatch - fileCount);
      files.push({ folder: path, names });
      at += names.length;
      fileCount += names.length;
      if (fileCount === filesPerBatch) {
        closeBatch();
      }
      if (batches.length === batchesPerPart) {
        return { batches, rest: at < ahead.length ? [...waiting, { folder: path, after: names.at(-1)! }] : waiting };
      }
    }
    if (notes.length >= notesPerBatchMax) {
      closeBatch();
    }
    if (batches.length >= batchesPerPart) {
      return { batches, rest: waiting };
    }
  }
  if (folders > 0 || fileCount > 0) {
    closeBatch();
  }
  return { batches, rest: [] };
}

/** The paths of a batch, in order. */
export const pathsOf = (batch: Batch): string[] =>
  batch.files.flatMap(({ folder, names }) => names.map((name) => join(folder, name)));

const compareNames = (a: string, b: string): number => Buffer.compare(bytesOfPath(a), bytesOfPath(b));

const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

async function contentOf(root: string, folder: string): Promise<FolderContent> {
  let entries: { readonly name: Buffer; isDirectory(): boolean }[];
  try {
    entries = await readdir(Buffer.concat([Buffer.from(`${root}/`), bytesOfPath(folder)]), {
      encoding: 'buffer',
      withFileTypes: true,
    });
  } catch (error) {
    if (folder === '') {
      throw error;
    }
    return { names: [], subfolders: [], notes: [noteOfError(error, folder)] };
  }
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  const names: string[] = [];
  const subfolders: string[] = [];
  const notes: Note[] = [...notesOfName(folder)];
  for (const entry of entries) {
    const name = textOfPath(entry.name);
    if (!entry.isDirectory()) {
      names.push(name);
    } else if (skippedFolders.has(name)) {
      notes.push({ kind: 'skipped-folder', path: join(folder, name), detail: '' });
    } else {
      subfolders.push(join(folder, name));
    }
  }
  if (entries.length === 0) {
    notes.push({ kind: 'empty-folder', path: folder, detail: '' });
  }
  return { names, subfolders, notes };
}
