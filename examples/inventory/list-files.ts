/**
 * What to take inventory of: the files below a folder, folder by folder, in one order.
 *
 * W1 A folder's own files come first, by the bytes of their names, then its subfolders, likewise. The same tree gives the same list.
 * W2 Links are listed like files and not followed, so there are no loops.
 * W3 A subfolder that cannot be read is a note; a starting folder that cannot is thrown.
 * W4 Memory is bounded by the largest folder and the folders still to visit, not by the tree.
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

type FolderContent = {
  readonly names: readonly string[];
  readonly subfolders: readonly string[];
  readonly notes: readonly Note[];
};

/**
 * All files below `folder`, cut into batches of `filesPerBatch` (the last one may have fewer). Throws the error of the file
 * system if `folder` itself cannot be read.
 */
export async function* listBatches(folder: string, filesPerBatch: number): AsyncGenerator<Batch, void, undefined> {
  let folders = 0;
  let fileCount = 0;
  let files: FolderFiles[] = [];
  let notes: Note[] = [];
  const waiting = [''];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const content = await contentOf(folder, path);
    folders += 1;
    notes.push(...content.notes);
    waiting.push(...content.subfolders.toReversed());
    for (let at = 0; at < content.names.length; ) {
      const names = content.names.slice(at, at + filesPerBatch - fileCount);
      files.push({ folder: path, names });
      at += names.length;
      fileCount += names.length;
      if (fileCount === filesPerBatch) {
        yield { folders, files, notes };
        folders = 0;
        fileCount = 0;
        files = [];
        notes = [];
      }
    }
  }
  if (folders > 0) {
    yield { folders, files, notes };
  }
}

/** The paths of a batch, in order. */
export const pathsOf = (batch: Batch): string[] =>
  batch.files.flatMap(({ folder, names }) => names.map((name) => join(folder, name)));

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
