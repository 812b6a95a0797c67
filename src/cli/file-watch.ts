/** Watches files for changes of what is in them: whole folders are watched, because editors replace files, and texts are compared. */
import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** A save is often several events. */
const settleMs = 40;

export class FileWatch {
  readonly #changed: (files: readonly string[]) => void;
  #watchers = new Map<string, FSWatcher>();
  #known = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is told which files are not what they were, or are there only now, or no more. */
  constructor(changed: (files: readonly string[]) => void) {
    this.#changed = changed;
  }

  /** From now on these are watched: for what becomes of them as compared with what was known, or is now. */
  watch(files: readonly string[]): void {
    const known = new Map(files.map((file) => [file, this.#known.get(file) ?? digestOf(file)]));
    this.#known = known;
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#watchers)
      if (!folders.has(folder)) {
        watcher.close();
        this.#watchers.delete(folder);
      }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watchFolder(folder);
    // What was changed before the watching began is seen too.
    this.#lookSoon();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, () => this.#lookSoon());
      // A folder that is removed.
      watcher.on('error', () => this.#watchers.delete(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // It is not there; the file that names it can be changed.
    }
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), settleMs);
  }

  #look(): void {
    const changed: string[] = [];
    for (const [file, before] of this.#known) {
      const now = digestOf(file);
      if (now === before) continue;
      this.#known.set(file, now);
      changed.push(file);
    }
    if (changed.length > 0) this.#changed(changed);
  }
}

const digestOf = (file: string): string => {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('base64');
  } catch {
    return 'none';
  }
};
