/**
 * Real files. Opened with `O_DSYNC`, so that one write is also its sync (F1 of `files.ts`): measured, an overwrite of
 * existing blocks costs less so than a write followed by `fdatasync`. Where the system has no such flag (Windows), each
 * write is followed by a sync.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type Files, fileErrorCode, type OpenFile } from './files.ts';

const dataSync: number | undefined = fs.constants.O_DSYNC;

class NodeFile implements OpenFile {
  readonly #fd: number;
  #underWay = 0;
  #closing: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  size(): Promise<number> {
    return this.#run((done) => fs.fstat(this.#fd, (error, stats) => done(error, error ? 0 : stats.size)));
  }

  writeSync(bytes: Uint8Array, at: number): void {
    if (this.#closed) throw closedError();
    // The system may write less than it was given, for instance up to the last free block of a full disk.
    for (let done = 0; done < bytes.length; ) {
      done += fs.writeSync(this.#fd, bytes, done, bytes.length - done, at + done);
    }
    if (dataSync === undefined) fs.fdatasyncSync(this.#fd);
  }

  write(bytes: Uint8Array, at: number): Promise<void> {
    return this.#run<void>((settle) => {
      const from = (done: number): void => {
        fs.write(this.#fd, bytes, done, bytes.length - done, at + done, (error, count) => {
          if (error) settle(error, undefined);
          else if (done + count < bytes.length) from(done + count);
          else if (dataSync === undefined) fs.fdatasync(this.#fd, (failure) => settle(failure, undefined));
          else settle(null, undefined);
        });
      };
      from(0);
    });
  }

  read(into: Uint8Array, at: number): Promise<number> {
    return this.#run<number>((settle) => {
      const from = (done: number): void => {
        fs.read(this.#fd, into, done, into.length - done, at + done, (error, count) => {
          if (error) settle(error, 0);
          else if (count === 0 || done + count === into.length) settle(null, done + count);
          else from(done + count);
        });
      };
      from(0);
    });
  }

  /** A descriptor closed too early may already name another file, so closing waits for what is under way. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve, reject) => {
      this.#closing = () => fs.close(this.#fd, (error) => (error ? reject(error) : resolve()));
      if (this.#underWay === 0) this.#closing();
    });
    return this.#closed;
  }

  #run<T>(start: (settle: (error: Error | null, value: T) => void) => void): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    this.#underWay++;
    return new Promise<T>((resolve, reject) => {
      start((error, value) => {
        this.#underWay--;
        if (error) reject(error);
        else resolve(value);
        if (this.#underWay === 0) this.#closing?.();
      });
    });
  }
}

const closedError = (): Error => Object.assign(new Error('the file is closed'), { code: 'EBADF' });

class NodeFiles implements Files {
  readonly fillAheadPays = true;

  async open(name: string, how: 'new' | 'existing'): Promise<OpenFile> {
    const made = how === 'new' ? fs.constants.O_CREAT | fs.constants.O_EXCL : 0;
    return await new Promise((resolve, reject) => {
      fs.open(name, fs.constants.O_RDWR | (dataSync ?? 0) | made, 0o600, (error, fd) =>
        error ? reject(error) : resolve(new NodeFile(fd)),
      );
    });
  }

  async list(folder: string): Promise<readonly string[]> {
    try {
      return (await fs.promises.readdir(folder)).sort();
    } catch (error) {
      if (fileErrorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async makeFolder(folder: string): Promise<void> {
    const above = path.dirname(folder);
    const there = await fs.promises.stat(folder).catch(() => undefined);
    if (there?.isDirectory()) return;
    if (above !== folder) await this.makeFolder(above);
    await fs.promises.mkdir(folder, { mode: 0o700 });
    await this.syncFolder(above);
  }

  async rename(from: string, to: string): Promise<void> {
    await fs.promises.rename(from, to);
  }

  async remove(name: string): Promise<void> {
    await fs.promises.rm(name, { force: true });
  }

  async syncFolder(folder: string): Promise<void> {
    // Windows cannot open a folder; its file systems journal names themselves.
    if (process.platform === 'win32') return;
    const handle = await fs.promises.open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** The file system of this machine. */
export const nodeFiles: Files = new NodeFiles();
