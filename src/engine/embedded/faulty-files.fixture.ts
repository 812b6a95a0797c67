/**
 * Files that fail as disks and kernels do, for tests and for the simulator. Each file has two contents: what readers see (the
 * kernel's memory) and what is on the disk. A write that succeeds reaches both. One that fails, or that a crash meets, reaches
 * some sectors of the disk, while readers may go on seeing all of it. A killed process leaves what readers saw; a power loss,
 * the disk. Names behave alike: what no `syncFolder` followed may be forgotten by a power loss.
 *
 * A file on which a sync failed (any error but a full disk) is not to be trusted any more: later writes by the same opener may
 * succeed without reaching the disk, and every other opener is told of the failure once, by its own next write.
 */
import path from 'node:path';
import type { Files, OpenFile } from './files.ts';
import { systemError } from './memory-files.ts';

const sectorBytes = 512;

/** A number from 0 to `below - 1`. */
export type Pick = (below: number) => number;

/** The same numbers for the same seed. */
export const seededPick = (seed: number): Pick => {
  // Seeds that follow each other begin far apart.
  let state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
};

/** Lets the time pass that a call takes. `bytes`: how many it writes or reads. */
export type Turn = (bytes: number) => Promise<void>;
export type CrashKind = 'kill' | 'power';
export type FinishedWrite = { readonly file: string; readonly at: number; readonly bytes: Uint8Array };

/** `seen` and `disk` are the same object for as long as they do not differ. */
type Content = { seen: Bytes; disk: Bytes; failedSyncs: number };
/** What one opener of a file has: the failed syncs it was told of, and whether it is lied to. */
type Handle = {
  readonly name: string;
  readonly content: Content;
  toldOf: number;
  hollow: boolean;
  /** Calls under way; closing waits for them. */
  readonly underWay: Set<Promise<unknown>>;
  closed: boolean;
};
type NameChange = (names: Map<string, Content>) => void;
type Life = {
  ended: boolean;
  readonly turn: Turn;
  readonly underWay: Set<{ content: Content; bytes: Uint8Array; at: number }>;
};

/** Bytes that grow. */
class Bytes {
  #room: Buffer;
  #size: number;

  constructor(bytes: Buffer) {
    this.#room = Buffer.from(bytes);
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** What is there now, not a copy. */
  get view(): Buffer {
    return this.#room.subarray(0, this.#size);
  }

  put(bytes: Uint8Array, at: number): void {
    const size = Math.max(this.#size, at + bytes.length);
    if (size > this.#room.length) this.#room = Buffer.concat([this.view], 2 * size);
    this.#size = size;
    this.#room.set(bytes, at);
  }
}

const nextTurn: Turn = () => new Promise((resolve) => setImmediate(resolve));

const emptyContent = (): Content => {
  const bytes = new Bytes(Buffer.alloc(0));
  return { seen: bytes, disk: bytes, failedSyncs: 0 };
};

/** A promise that never settles: what a call of a process that has ended comes to. */
const never = <T>(): Promise<T> => new Promise(() => {});

/** The disk and the kernel. `start` gives the files as a new process sees them. */
export class FaultyDisk {
  /** Asked before each write; an error's code makes it fail. */
  failWrite: (file: string, at: number, length: number) => string | undefined = () => undefined;
  /** Asked before a name is made, given or removed, and before a folder is synced; an error's code makes it fail. */
  failName: (path: string) => string | undefined = () => undefined;
  /** How many bytes all files together may have. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** After so many calls the process is killed or the power fails, in the middle of the next one. */
  crashAfterCalls = Number.POSITIVE_INFINITY;
  crashKind: CrashKind = 'kill';
  /** Told when that has happened. */
  onCrash: (kind: CrashKind) => void = () => {};
  /** Told of every write that came to an end, with the error's code if it failed. The bytes are the caller's. */
  onWritten: (write: FinishedWrite, code: string | undefined) => void = () => {};
  readonly #pick: Pick;
  #names = new Map<string, Content>();
  #namesOnDisk = new Map<string, Content>();
  #changes: { readonly folder: string; readonly content: Content; readonly change: NameChange }[] = [];
  #life: Life = { ended: true, turn: nextTurn, underWay: new Set() };
  #waitForCrash: (() => void)[] = [];

  constructor(pick: Pick) {
    this.#pick = pick;
  }

  /** True after a crash, until the next start. */
  get ended(): boolean {
    return this.#life.ended;
  }

  /** Settles when the process has crashed. */
  crashed(): Promise<void> {
    return this.#life.ended ? Promise.resolve() : new Promise((resolve) => this.#waitForCrash.push(resolve));
  }

  /** Ends the process: its calls never settle. */
  crash(kind: CrashKind): void {
    for (const { content, bytes, at } of this.#life.underWay) this.#writePartly(content, bytes, at);
    this.#life.underWay.clear();
    this.#life.ended = true;
    if (kind === 'power') {
      // Those up to some moment, or of each file: nothing says that names of different files reach the disk in order.
      const upTo = this.#pick(2) === 0 ? this.#pick(this.#changes.length + 1) : undefined;
      const over = new Set<Content>();
      for (const [index, { content, change }] of this.#changes.entries()) {
        if (upTo === undefined ? this.#pick(2) === 0 : index >= upTo) over.add(content);
        if (!over.has(content)) change(this.#namesOnDisk);
      }
      this.#changes = [];
      this.#names = new Map(this.#namesOnDisk);
      for (const content of this.#names.values()) content.seen = content.disk;
    }
    for (const notify of this.#waitForCrash.splice(0)) notify();
  }

  names(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  has(file: string): boolean {
    return this.#names.has(file);
  }

  /** What readers see of a file. */
  content(file: string): Buffer {
    return this.#names.get(file)!.seen.view;
  }

  /** Puts other bytes into a file, as seen and on disk. */
  replace(file: string, bytes: Buffer): void {
    const content = this.#names.get(file)!;
    content.seen = new Bytes(bytes);
    content.disk = content.seen;
  }

  /** One bit of a file is another one from now on, as seen and on disk. */
  flip(file: string, bit: number): void {
    const content = this.#names.get(file)!;
    for (const { size, view } of new Set([content.seen, content.disk]))
      if (bit >> 3 < size) view[bit >> 3]! ^= 1 << (bit & 7);
  }

  /** How many bytes all files have together. */
  get usedBytes(): number {
    let used = 0;
    for (const { seen } of this.#names.values()) used += seen.size;
    return used;
  }

  /** The files as a new process sees them; the one before is killed if it has not ended. */
  start({ fillAheadPays = true, turn = nextTurn }: { fillAheadPays?: boolean; turn?: Turn } = {}): Files {
    this.crash('kill');
    const life: Life = { ended: false, turn, underWay: new Set() };
    this.#life = life;
    this.crashAfterCalls = Number.POSITIVE_INFINITY;
    const call = <T>(work: () => T): Promise<T> => this.#call(life, 0, work);
    return {
      fillAheadPays,
      remove: (name) =>
        call(() => {
          const content = this.#names.get(name);
          if (content) this.#changeName(name, content, (names) => void names.delete(name));
        }),
      rename: (from, to) =>
        call(() => {
          const content = this.#names.get(from);
          if (!content) throw systemError('ENOENT', from);
          this.#changeName(to, content, (names) => {
            names.delete(from);
            names.set(to, content);
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
          this.#mayFail(folder);
          for (const { change } of this.#changes.filter((one) => one.folder === folder)) change(this.#namesOnDisk);
          this.#changes = this.#changes.filter((one) => one.folder !== folder);
        }),
      open: (name, how) =>
        call(() => {
          const known = this.#names.get(name);
          if (how === 'existing' && !known) throw systemError('ENOENT', name);
          if (how === 'new' && known) throw systemError('EEXIST', name);
          const content = known ?? emptyContent();
          if (!known) this.#changeName(name, content, (names) => void names.set(name, content));
          return this.#open(life, {
            name,
            content,
            toldOf: content.failedSyncs,
            hollow: false,
            underWay: new Set(),
            closed: false,
          });
        }),
    };
  }

  #open(life: Life, handle: Handle): OpenFile {
    const { name, content, underWay } = handle;
    const call = async <T>(bytes: number, work: () => T): Promise<T> => {
      if (handle.closed) throw systemError('EBADF', name);
      const made = this.#call(life, bytes, work);
      underWay.add(made);
      return await made.finally(() => underWay.delete(made));
    };
    return {
      size: () => call(0, () => content.seen.size),
      read: (into, at) => call(into.length, () => content.seen.view.copy(into, 0, Math.min(at, content.seen.size))),
      close: async () => {
        handle.closed = true;
        await Promise.allSettled(underWay);
        await this.#call(life, 0, () => {});
      },
      writeSync: (bytes, at) => {
        if (handle.closed) throw systemError('EBADF', name);
        const write = { content, bytes, at };
        life.underWay.add(write);
        this.#count(life);
        life.underWay.delete(write);
        if (life.ended) throw systemError('EKILLED', name);
        this.#write(handle, bytes, at);
      },
      write: (bytes, at) => {
        const write = { content, bytes, at };
        if (!life.ended && !handle.closed) life.underWay.add(write);
        return call(bytes.length, () => {
          life.underWay.delete(write);
          this.#write(handle, bytes, at);
        });
      },
    };
  }

  #changeName(name: string, content: Content, change: NameChange): void {
    this.#mayFail(name);
    change(this.#names);
    this.#changes.push({ folder: path.dirname(name), content, change });
  }

  #mayFail(name: string): void {
    const code = this.failName(name);
    if (code !== undefined) throw systemError(code, name);
  }

  /** A call takes a turn, and a crash may come before it or after. */
  async #call<T>(life: Life, bytes: number, work: () => T): Promise<T> {
    this.#count(life);
    await life.turn(bytes);
    if (life.ended) return await never();
    const result = work();
    this.#count(life);
    return life.ended ? await never() : result;
  }

  #count(life: Life): void {
    if (life.ended || --this.crashAfterCalls >= 0) return;
    this.crash(this.crashKind);
    this.onCrash(this.crashKind);
  }

  #write(handle: Handle, bytes: Uint8Array, at: number): void {
    const { name, content } = handle;
    const code = this.#writeOrFail(handle, bytes, at);
    this.onWritten({ file: name, at, bytes }, code);
    if (code === undefined) {
      if (handle.hollow) this.#writePartly(content, bytes, at, true);
      else for (const one of new Set([content.seen, content.disk])) one.put(bytes, at);
    } else if (code !== 'ENOSPC') {
      content.failedSyncs++;
      handle.toldOf = content.failedSyncs;
      handle.hollow ||= this.#pick(2) === 0;
    }
    if (code !== undefined) throw systemError(code, name);
  }

  /** The code of a failure, after which some of the bytes are there. */
  #writeOrFail(handle: Handle, bytes: Uint8Array, at: number): string | undefined {
    const { name, content } = handle;
    const code = this.failWrite(name, at, bytes.length);
    if (code !== undefined || handle.toldOf < content.failedSyncs) {
      this.#writePartly(content, bytes, at);
      return code ?? 'EIO';
    }
    const missing = this.usedBytes + Math.max(0, at + bytes.length - content.seen.size) - this.capacityBytes;
    if (missing <= 0) return undefined;
    this.#writePartly(content, bytes.subarray(0, Math.max(0, bytes.length - missing)), at);
    return 'ENOSPC';
  }

  /** Readers see the first part of it or all; of that the disk has some sectors. */
  #writePartly(content: Content, bytes: Uint8Array, at: number, seesAll = this.#pick(2) === 0): void {
    if (content.seen === content.disk) content.disk = new Bytes(content.seen.view);
    const sectors = Math.ceil(bytes.length / sectorBytes);
    const seenSectors = seesAll ? sectors : this.#pick(sectors + 1);
    const seen = bytes.subarray(0, seenSectors * sectorBytes);
    if (seen.length > 0) content.seen.put(seen, at);
    const style = this.#pick(3);
    for (let sector = 0; sector < seenSectors; sector++) {
      const keeps = style === 0 ? sector === seenSectors - 1 : style === 1 ? this.#pick(2) === 0 : this.#pick(8) > 0;
      const part = bytes.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
      if (keeps) content.disk.put(part, at + sector * sectorBytes);
    }
  }
}
