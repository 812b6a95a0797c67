/**
 * Files that fail as disks and kernels do, for tests. Each file has two contents: what readers see (the kernel's memory) and
 * what is on the disk. A write that succeeds reaches both. One that fails, or that a crash meets, reaches some sectors of
 * the disk, while readers may go on seeing all of it. A killed process leaves what readers saw; a power loss, the disk.
 * Names behave alike: what no `syncFolder` followed may be forgotten by a power loss.
 */
import path from 'node:path';
import type { Files, OpenFile } from './files.ts';
import { systemError } from './memory-files.ts';

const sectorBytes = 512;

/** A number from 0 to `below - 1`. */
export type Pick = (below: number) => number;

/** The same numbers for the same seed. */
export const seededPick = (seed: number): Pick => {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
};

type Content = { seen: Buffer; disk: Buffer };
type NameChange = (names: Map<string, Content>) => void;
type Life = { ended: boolean; readonly underWay: Set<{ content: Content; bytes: Uint8Array; at: number }> };

const put = (into: Buffer, bytes: Uint8Array, at: number): Buffer => {
  const target =
    at + bytes.length > into.length ? Buffer.concat([into, Buffer.alloc(at + bytes.length - into.length)]) : into;
  target.set(bytes, at);
  return target;
};

/** A promise that never settles: what a call of a process that has ended comes to. */
const never = <T>(): Promise<T> => new Promise(() => {});

/** The disk and the kernel. `start` gives the files as a new process sees them. */
export class FaultyDisk {
  /** Asked before each write; an error's code makes it fail. */
  failWrite: (file: string, at: number, length: number) => string | undefined = () => undefined;
  /** How many bytes all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** After so many calls the process is killed or the power fails, in the middle of the next one. */
  crashAfterCalls = Number.POSITIVE_INFINITY;
  crashKind: 'kill' | 'power' = 'kill';
  /** Every write that came to an end, for tests that look at them. */
  readonly writes: { readonly file: string; readonly at: number; readonly length: number }[] = [];
  readonly #pick: Pick;
  #names = new Map<string, Content>();
  #namesOnDisk = new Map<string, Content>();
  #changes: { readonly folder: string; readonly change: NameChange }[] = [];
  #life: Life = { ended: true, underWay: new Set() };
  #onCrash: (() => void)[] = [];

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  /** True after a crash, until the next start. */
  get ended(): boolean {
    return this.#life.ended;
  }

  /** Settles when the process has crashed. */
  crashed(): Promise<void> {
    return this.#life.ended ? Promise.resolve() : new Promise((resolve) => this.#onCrash.push(resolve));
  }

  /** Ends the process: its calls never settle. */
  crash(kind: 'kill' | 'power'): void {
    for (const { content, bytes, at } of this.#life.underWay) this.#writePartly(content, bytes, at);
    this.#life.underWay.clear();
    this.#life.ended = true;
    if (kind === 'power') {
      const kept = this.#pick(this.#changes.length + 1);
      for (const { change } of this.#changes.slice(0, kept)) change(this.#namesOnDisk);
      this.#changes = [];
      this.#names = new Map(this.#namesOnDisk);
      for (const content of this.#names.values()) content.seen = Buffer.from(content.disk);
    }
    for (const notify of this.#onCrash.splice(0)) notify();
  }

  names(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** What readers see of a file. */
  content(file: string): Buffer {
    return this.#names.get(file)!.seen;
  }

  /** Puts other bytes into a file, as seen and on disk. */
  replace(file: string, bytes: Buffer): void {
    const content = this.#names.get(file)!;
    content.seen = Buffer.from(bytes);
    content.disk = Buffer.from(bytes);
  }

  /** The files as a new process sees them; the one before must have ended. */
  start(fillAheadPays = true): Files {
    this.crash('kill');
    const life: Life = { ended: false, underWay: new Set() };
    this.#life = life;
    this.crashAfterCalls = Number.POSITIVE_INFINITY;
    const call = <T>(work: () => T): Promise<T> => this.#call(life, work);
    return {
      fillAheadPays,
      remove: (name) => call(() => this.#changeName(path.dirname(name), (names) => void names.delete(name))),
      rename: (from, to) =>
        call(() => {
          if (!this.#names.has(from)) throw systemError('ENOENT', from);
          this.#changeName(path.dirname(to), (names) => {
            const content = names.get(from);
            names.delete(from);
            if (content) names.set(to, content);
          });
        }),
      list: (folder) =>
        call(() => {
          const inFolder = this.names().filter((name) => path.dirname(name) === folder);
          return inFolder.map((name) => path.basename(name));
        }),
      makeFolder: () => call(() => {}),
      syncFolder: (folder) =>
        call(() => {
          for (const { change } of this.#changes.filter((one) => one.folder === folder)) change(this.#namesOnDisk);
          this.#changes = this.#changes.filter((one) => one.folder !== folder);
        }),
      open: (name, how) =>
        call(() => {
          const known = this.#names.get(name);
          if (how === 'existing' && !known) throw systemError('ENOENT', name);
          if (how === 'new' && known) throw systemError('EEXIST', name);
          const content = known ?? { seen: Buffer.alloc(0), disk: Buffer.alloc(0) };
          if (!known) this.#changeName(path.dirname(name), (names) => void names.set(name, content));
          return this.#handle(life, name, content);
        }),
    };
  }

  #handle(life: Life, name: string, content: Content): OpenFile {
    return {
      size: () => this.#call(life, () => content.seen.length),
      read: (into, at) => this.#call(life, () => content.seen.copy(into, 0, Math.min(at, content.seen.length))),
      close: () => this.#call(life, () => {}),
      writeSync: (bytes, at) => {
        const write = { content, bytes, at };
        life.underWay.add(write);
        this.#count(life);
        life.underWay.delete(write);
        if (life.ended) throw systemError('EKILLED', name);
        this.#write(name, content, bytes, at);
      },
      write: (bytes, at) => {
        const write = { content, bytes, at };
        if (!life.ended) life.underWay.add(write);
        return this.#call(life, () => {
          life.underWay.delete(write);
          this.#write(name, content, bytes, at);
        });
      },
    };
  }

  #changeName(folder: string, change: NameChange): void {
    change(this.#names);
    this.#changes.push({ folder, change });
  }

  /** A call takes a turn of the event loop, and a crash may come before it or after. */
  async #call<T>(life: Life, work: () => T): Promise<T> {
    this.#count(life);
    await new Promise((resolve) => setImmediate(resolve));
    if (life.ended) return await never();
    const result = work();
    this.#count(life);
    return life.ended ? await never() : result;
  }

  #count(life: Life): void {
    if (!life.ended && --this.crashAfterCalls < 0) this.crash(this.crashKind);
  }

  #write(name: string, content: Content, bytes: Uint8Array, at: number): void {
    this.writes.push({ file: name, at, length: bytes.length });
    const code = this.failWrite(name, at, bytes.length);
    if (code !== undefined) {
      this.#writePartly(content, bytes, at);
      throw systemError(code, name);
    }
    let used = 0;
    for (const one of this.#names.values()) used += one.seen.length;
    const grows = Math.max(0, at + bytes.length - content.seen.length);
    if (used + grows > this.capacityBytes) {
      const fits = Math.max(0, bytes.length - (used + grows - this.capacityBytes));
      this.#writePartly(content, bytes.subarray(0, fits), at);
      throw systemError('ENOSPC', name);
    }
    content.seen = put(content.seen, bytes, at);
    content.disk = put(content.disk, bytes, at);
  }

  /** Readers see the first part of it or all; of that the disk has some sectors. */
  #writePartly(content: Content, bytes: Uint8Array, at: number): void {
    const sectors = Math.ceil(bytes.length / sectorBytes);
    const seenSectors = this.#pick(2) === 0 ? sectors : this.#pick(sectors + 1);
    const seen = bytes.subarray(0, seenSectors * sectorBytes);
    if (seen.length > 0) content.seen = put(content.seen, seen, at);
    const style = this.#pick(3);
    for (let sector = 0; sector < seenSectors; sector++) {
      const keeps = style === 0 ? sector === seenSectors - 1 : style === 1 ? this.#pick(2) === 0 : this.#pick(8) > 0;
      const part = bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
      if (keeps) content.disk = put(content.disk, part, at + sector * sectorBytes);
    }
  }
}
