/**
 * The facts of one file: what the plain script and the tasks share.
 *
 * F1 Nothing about a file is thrown: what goes wrong is a note in the result. (Any other throw is a bug here.)
 * F2 A file is read once, through one buffer; memory does not grow with its size.
 * F3 Links are not followed. Pipes, sockets and devices are never waited for: they are told apart before they are opened, and
 *    one that takes a file's place in between is opened without blocking and left.
 * F4 The facts depend on the bytes of the file and its path alone.
 *
 * Reading is synchronous: for thousands of small files that is two to three times as fast as through the thread pool (measured), and
 * whoever wants more at once uses more threads. In a large file the event loop gets a turn now and then.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { FileFacts, Note, ReadFacts, UnreadFacts } from './inventory.ts';
import { bytesOfPath, holdsRawBytes, textOfPath } from './path-text.ts';
import { TextFacts } from './text-facts.ts';

const bufferBytes = 64 * 1024;
/** A file with a zero byte in its beginning is binary. */
const binaryTestBytes = 8 * 1024;
const turnBytes = 8 * 1024 * 1024;

/**
 * The facts of the file at `path` (text form, relative to `folder`). Whatever is there, or is not there any more, gives facts.
 */
export async function factsOfFile(folder: string, path: string): Promise<FileFacts> {
  const place = Buffer.concat([Buffer.from(`${folder}/`), bytesOfPath(path)]);
  try {
    const stats = lstatSync(place);
    if (stats.isSymbolicLink()) {
      return factsOfLink(place, path);
    }
    return stats.isFile() ? await factsOfContent(place, path) : factsOfOther(stats, path);
  } catch (error) {
    return { kind: 'lost', path, notes: [noteOfError(error, path)] };
  }
}

/** What a failed call to the file system says about `path`. Anything else that was thrown is thrown on. */
export function noteOfError(error: unknown, path: string): Note {
  const code = error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : undefined;
  switch (code) {
    case undefined:
      throw error;
    case 'ENOENT':
    case 'ENOTDIR':
    case 'ESTALE':
      return { kind: 'vanished', path, detail: code };
    default:
      return { kind: 'unreadable', path, detail: code };
  }
}

/** A note about the name itself, if it holds what a terminal or another program may trip over. */
export function notesOfName(path: string): readonly Note[] {
  const name = nameOf(path);
  if (holdsRawBytes(name)) {
    return [{ kind: 'odd-name', path, detail: 'not UTF-8' }];
  }
  return /\p{Cc}/u.test(name) ? [{ kind: 'odd-name', path, detail: 'control character' }] : [];
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

function factsOfLink(place: Buffer, path: string): UnreadFacts {
  const notes = [...notesOfName(path)];
  try {
    statSync(place);
  } catch (error) {
    noteOfError(error, path);
    notes.push({ kind: 'broken-link', path, detail: textOfPath(readlinkSync(place, 'buffer')) });
  }
  return { kind: 'link', path, notes };
}

/** For what is no file and no link. A folder was listed as a file, so it has taken the file's place since. */
function factsOfOther(stats: Stats, path: string): UnreadFacts {
  if (stats.isDirectory()) {
    return { kind: 'lost', path, notes: [{ kind: 'changed', path, detail: 'became a folder' }] };
  }
  const detail = stats.isFIFO() ? 'pipe' : stats.isSocket() ? 'socket' : 'device';
  return { kind: 'special', path, notes: [...notesOfName(path), { kind: 'not-a-file', path, detail }] };
}

async function factsOfContent(place: Buffer, path: string): Promise<FileFacts> {
  const file = openSync(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = fstatSync(file);
    return stats.isFile() ? await readFacts(file, stats.size, path) : factsOfOther(stats, path);
  } finally {
    closeSync(file);
  }
}

/** Reads at most the size that the file had when it was opened, so that one that grows has an end. */
async function readFacts(file: number, sizeBytes: number, path: string): Promise<ReadFacts> {
  const notes: Note[] = [...notesOfName(path)];
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(bufferBytes, sizeBytes));
  let text: TextFacts | null = new TextFacts(path);
  let readBytes = 0;
  let heldBytes = 0;
  for (let isLast = false; !isLast; ) {
    const end = fill(file, buffer, heldBytes, sizeBytes - readBytes);
    const fresh = buffer.subarray(heldBytes, end);
    hash.update(fresh);
    if (readBytes === 0 && fresh.subarray(0, binaryTestBytes).includes(0)) {
      text = null;
    }
    readBytes += fresh.length;
    isLast = fresh.length === 0 || readBytes === sizeBytes;
    const takenBytes = text?.take(buffer.subarray(0, end), isLast) ?? end;
    buffer.copyWithin(0, takenBytes, end);
    heldBytes = end - takenBytes;
    if (readBytes % turnBytes < fresh.length) {
      await setImmediate();
    }
  }
  if (readBytes < sizeBytes) {
    notes.push({ kind: 'changed', path, detail: 'became shorter' });
  }
  const facts = text?.finish() ?? binaryFacts(path);
  const sha256 = hash.digest('hex');
  return { kind: 'file', path, bytes: readBytes, sha256, ...facts, notes: [...notes, ...facts.notes] };
}

const binaryFacts = (path: string): ReturnType<TextFacts['finish']> => ({
  language: 'Binary',
  lines: { code: 0, comment: 0, blank: 0 },
  words: [],
  package: null,
  notes: [{ kind: 'binary', path, detail: '' }],
});

/** Reads until the buffer is full, `maxBytes` more are there, or the file ends; returns where the bytes in the buffer end. */
function fill(file: number, buffer: Buffer, start: number, maxBytes: number): number {
  const stop = Math.min(buffer.length, start + maxBytes);
  let end = start;
  while (end < stop) {
    const count = readSync(file, buffer, end, stop - end, null);
    if (count === 0) {
      break;
    }
    end += count;
  }
  return end;
}
