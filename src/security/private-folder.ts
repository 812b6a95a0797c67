/**
 * The folder of secrets of a machine: only its own user may look into it, and every file appears whole or not at all.
 *
 * One process at a time writes it: the one that holds the data folder in which it lies.
 */
import fs from 'node:fs';
import path from 'node:path';
import { TuttiError } from '../errors/tutti-error.ts';

/** Anything that a group or others may do. */
const othersMask = 0o077;

export class PrivateFolder {
  readonly path: string;

  /**
   * Makes the folder if there is none. Throws `SECRETS_EXPOSED` where others may read it or a file in it (certificates, `.crt`,
   * are no secrets), and `DATA_UNAVAILABLE` where it cannot be used.
   */
  constructor(folder: string) {
    this.path = path.resolve(folder);
    this.#io(() => fs.mkdirSync(this.path, { recursive: true, mode: 0o700 }));
    this.#check(this.path, '700');
    for (const name of this.#io(() => fs.readdirSync(this.path)))
      if (!name.endsWith('.crt')) this.#check(path.join(this.path, name), '600');
  }

  /** The text of a file; undefined if there is none. */
  read(name: string): string | undefined {
    return this.#io(() => {
      try {
        return fs.readFileSync(path.join(this.path, name), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    });
  }

  /** On disk when it returns: written under another name, synced, renamed, and the name synced. */
  write(name: string, text: string): void {
    this.#io(() => {
      const temporary = path.join(this.path, `${name}.new`);
      // What a crash left there may have other rights.
      fs.rmSync(temporary, { force: true });
      fs.writeFileSync(temporary, text, { flush: true, mode: 0o600, flag: 'wx' });
      fs.renameSync(temporary, path.join(this.path, name));
      const descriptor = fs.openSync(this.path, 'r');
      try {
        fs.fsyncSync(descriptor);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  /** Takes a file away, if it is there. */
  remove(name: string): void {
    this.#io(() => fs.rmSync(path.join(this.path, name), { force: true }));
  }

  #check(file: string, mode: string): void {
    const found = this.#io(() => fs.statSync(file)).mode & 0o777;
    if ((found & othersMask) === 0) return;
    throw new TuttiError(
      'SECRETS_EXPOSED',
      `Other users of this machine can get at ${file} (mode ${found.toString(8)}), which holds keys. If nobody had them yet: chmod ${mode} ${file}`,
      { details: { path: file, mode: found.toString(8) } },
    );
  }

  #io<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      const message = `The folder ${this.path} cannot be used (${code}). It must belong to the user that Tutti runs as.`;
      throw new TuttiError('DATA_UNAVAILABLE', message, { details: { folder: this.path, code }, cause });
    }
  }
}
