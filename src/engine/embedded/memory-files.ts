/**
 * Files in memory, for `--engine memory` and for tests. They keep what was written for as long as the object lives, and
 * take room only where something was written.
 */
import path from 'node:path';
import type { Files, OpenFile } from './files.ts';

const pageBytes = 64 * 1024;

class MemoryFile implements OpenFile {
  readonly #pages: (Buffer | undefined)[] = [];
  #sizeBytes = 0;

  async size(): Promise<number> {
    return this.#sizeBytes;
  }

  writeSync(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      const index = Math.floor((at + done) / pageBytes);
      const start = (at + done) % pageBytes;
      const count = Math.min(pageBytes - start, bytes.length - done);
      this.#pages[index] ??= Buffer.alloc(pageBytes);
      this.#pages[index].set(bytes.subarray(done, done + count), start);
      done += count;
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, at + bytes.length);
  }

  async write(bytes: Uint8Array, at: number): Promise<void> {
    this.writeSync(bytes, at);
  }

  async read(into: Uint8Array, at: number): Promise<number> {
    const total = Math.max(0, Math.min(into.length, this.#sizeBytes - at));
    for (let done = 0; done < total; ) {
      const start = (at + done) % pageBytes;
      const count = Math.min(pageBytes - start, total - done);
      const page = this.#pages[Math.floor((at + done) / pageBytes)];
      if (page) into.set(page.subarray(start, start + count), done);
      else into.fill(0, done, done + count);
      done += count;
    }
    return total;
  }

  async close(): Promise<void> {}
}

class MemoryFiles implements Files {
  readonly fillAheadPays = false;
  readonly #files = new Map<string, MemoryFile>();

  async open(name: string, how: 'new' | 'existing'): Promise<OpenFile> {
    const known = this.#files.get(path.normalize(name));
    if (how === 'existing') {
      if (!known) throw systemError('ENOENT', name);
      return known;
    }
    if (known) throw systemError('EEXIST', name);
    const made = new MemoryFile();
    this.#files.set(path.normalize(name), made);
    return made;
  }

  async list(folder: string): Promise<readonly string[]> {
    const normal = path.normalize(folder);
    return [...this.#files.keys()]
      .filter((name) => path.dirname(name) === normal)
      .map((name) => path.basename(name))
      .sort();
  }

  async makeFolder(): Promise<void> {}

  async rename(from: string, to: string): Promise<void> {
    const file = this.#files.get(path.normalize(from));
    if (!file) throw systemError('ENOENT', from);
    this.#files.delete(path.normalize(from));
    this.#files.set(path.normalize(to), file);
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(path.normalize(name));
  }

  async syncFolder(): Promise<void> {}
}

/** An error as a file system gives it. */
export const systemError = (code: string, name: string): Error =>
  Object.assign(new Error(`${code}: ${name}`), { code });

/** A new, empty file system in memory. */
export const memoryFiles = (): Files => new MemoryFiles();
