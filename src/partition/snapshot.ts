/**
 * Snapshots of a partition: its whole state at a checkpoint, as a manifest and content-addressed chunks in `Blobs`. They are
 * what a lost or damaged store is refilled from, and what allows the log to be trimmed.
 *
 * Chunks end where the hash of a key says so, so that what did not change since the last snapshot is the same chunk.
 *
 * Invariants
 * - S1: a snapshot counts only after it was read back and found whole, by this process.
 * - S2: the last two that count are kept, and the log from the older one of them on; so one damaged snapshot loses nothing.
 * - S3: a manifest is written after its chunks and deleted before them: what a manifest names was there once.
 * - S4: on a log that others may lead meanwhile, chunks carry the epoch of who wrote them, a leader names only its own, and
 *   deletes none of a newer epoch. So one that was deposed and does not know it takes nothing away from its successor.
 *
 * Manifest format 1: `[1, partition, position, note, log bytes, size in bytes, [chunk name, …]]`.
 * Chunk format: `[table, key, value bytes, …]`.
 */
import { pack, unpack } from 'msgpackr';
import type { Blobs, Log } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Env } from '../platform/env.ts';
import { sha256 } from '../platform/sha256.ts';
import type { StoreMarker, StoreReader, StoreWrite, StoreWriter } from '../store/store.ts';
import { hash16 } from '../values/hash.ts';
import type { Digest } from './digests.ts';

const manifestFormat = 1;
/** One key in 512 ends a chunk. */
const boundaryMask = 0x1ff;
const positionDigits = 16;
/** How often a restore looks again what there is, when what it was reading is gone. */
const restoreTries = 5;
const digestChars = 32;

type Manifest = {
  readonly note: Uint8Array | undefined;
  readonly logBytes: number;
  readonly sizeBytes: number;
  readonly chunks: readonly string[];
};

export type SnapshotOptions = {
  readonly partition: number;
  /** Numbers of the tables there are. */
  readonly tables: readonly number[];
  readonly blobs: Blobs;
  readonly log: Log;
  readonly env: Env;
  readonly chunkBytes: number;
  /** Bytes of log after which the next one is due; more where the state itself is larger. */
  readonly everyLogBytes: number;
};

export class Snapshots {
  readonly #options: SnapshotOptions;
  /** Positions of the snapshots there are, ascending. */
  #positions: number[] = [];
  /** Those that were read back (S1). */
  readonly #whole = new Set<number>();
  #takenAtLogBytes = 0;
  #sizeBytes = 0;
  #stopped = false;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /** Looks which snapshots there are. */
  async load(): Promise<void> {
    this.#positions = await this.#listed();
    const newest = this.#positions.at(-1);
    if (newest === undefined) return;
    try {
      const { logBytes, sizeBytes } = await this.#readManifest(newest);
      this.#takenAtLogBytes = logBytes;
      this.#sizeBytes = sizeBytes;
    } catch (error) {
      // It is no use, so the next one is due as if there were none.
      this.#emitDamaged(newest, error);
    }
  }

  /** Position of the newest one, whole or not; 0 if there is none. */
  get newest(): number {
    return this.#positions.at(-1) ?? 0;
  }

  /** Position of the newest one that anybody has taken by now. */
  async findNewest(): Promise<number> {
    return (await this.#listed()).at(-1) ?? 0;
  }

  /** Lets the one under way fail soon. */
  stop(): void {
    this.#stopped = true;
  }

  /** Whether enough was written since the last one. `logBytes` counts what the log ever had. */
  due(logBytes: number): boolean {
    return logBytes - this.#takenAtLogBytes >= Math.max(this.#options.everyLogBytes, this.#sizeBytes);
  }

  /**
   * Takes a snapshot of what `reader` sees, which is exactly the state at the marker; then trims the log. One at a time.
   * `epoch`: that of the leader that takes it. Returns the state's digest; undefined: there is a newer one.
   */
  async take(reader: StoreReader, marker: StoreMarker, logBytes: number, epoch: number): Promise<Digest | undefined> {
    const { partition, blobs, env } = this.#options;
    const { position, note } = marker;
    // Who has just begun to lead may have flushed an older state than another leader's snapshot has: as the newest of two it would
    // have the log trimmed behind the only one that is of use.
    if (position <= this.newest) return undefined;
    const began = env.clock.monotonic();
    const chunks: string[] = [];
    const hashes: string[] = [];
    let sizeBytes = 0;
    for (const bytes of this.#encodeChunks(reader)) {
      if (this.#stopped) throw new TuttiError('CLOSED', 'The node is being closed.');
      const hash = sha256(bytes);
      hashes.push(hash);
      const name = `${this.#chunkPrefix()}${this.#scopeOf(epoch)}${hash}`;
      await this.#putChunk(name, bytes);
      chunks.push(name);
      sizeBytes += bytes.length;
    }
    await blobs.put(
      this.#name(position),
      pack([manifestFormat, partition, position, note, logBytes, sizeBytes, chunks]),
    );
    this.#positions.push(position);
    await this.#verify(position);
    this.#takenAtLogBytes = logBytes;
    this.#sizeBytes = sizeBytes;
    const ms = env.clock.monotonic() - began;
    env.events.emit('snapshot.done', { partition, position, chunks: chunks.length, sizeBytes, ms });
    await this.#keepLastTwo(epoch);
    return this.#digestOf(hashes);
  }

  /** The digest of what `reader` sees: that of the snapshot which would be taken of it. */
  async digest(reader: StoreReader, between: () => Promise<void>): Promise<Digest> {
    const hashes: string[] = [];
    for (const bytes of this.#encodeChunks(reader)) {
      if (this.#stopped) throw new TuttiError('CLOSED', 'The node is being closed.');
      hashes.push(sha256(bytes));
      await between();
    }
    return this.#digestOf(hashes);
  }

  #digestOf(hashes: readonly string[]): Digest {
    const { chunkBytes } = this.#options;
    return { scan: `1/${chunkBytes}`, hash: sha256(new TextEncoder().encode(hashes.join(' '))).slice(0, digestChars) };
  }

  /**
   * Refills the store from the newest snapshot that is whole and that the log continues. A leader may drop what is being read
   * here, and trim the log; then it begins again with what there is by then (scenario P10). `below`: one before that position is
   * preferred. Throws `STORE_FAILED` if there is none.
   */
  async restore(writer: StoreWriter, below = Number.POSITIVE_INFINITY): Promise<void> {
    const { partition, log } = this.#options;
    let problems: string[] = [];
    let logStart = 0;
    for (let tries = 0; tries < restoreTries; tries++) {
      problems = [];
      if (tries > 0) await this.load();
      logStart = await log.start();
      const continued = this.#positions.filter((position) => position + 1 >= logStart).reverse();
      // The leader may have taken others by now, and dropped those before the position.
      const before = continued.filter((position) => position < below);
      for (const position of [...before, ...continued.slice(0, continued.length - before.length)]) {
        try {
          await this.#restoreFrom(position, writer);
          return;
        } catch (error) {
          const { code } = error as { code?: unknown };
          if (code !== 'BLOB_DAMAGED' && code !== 'DATA_FORMAT') throw error;
          this.#emitDamaged(position, error);
          problems.push(`${this.#name(position)}: ${(error as Error).message}`);
        }
      }
    }
    throw new TuttiError(
      'STORE_FAILED',
      `Partition ${partition}: the store ends before the log begins (position ${logStart}), and no whole snapshot fills the gap${problems.length > 0 ? ` (${problems.join('; ')})` : ''}. Put back the data folder from a backup.`,
      { details: { partition, logStart, problems } },
    );
  }

  async #restoreFrom(position: number, writer: StoreWriter): Promise<void> {
    const { partition, env } = this.#options;
    const manifest = await this.#verify(position);
    await writer.clear(partition);
    for (const chunk of manifest.chunks) await writer.write(partition, decodeChunk(await this.#chunk(chunk)));
    await writer.mark(partition, { position, note: manifest.note });
    env.events.emit('snapshot.restored', { partition, position, chunks: manifest.chunks.length });
  }

  async #chunk(name: string): Promise<Uint8Array> {
    const bytes = await this.#options.blobs.get(name);
    if (bytes === undefined) throw new TuttiError('BLOB_DAMAGED', `${name} is missing.`);
    return bytes;
  }

  *#encodeChunks(reader: StoreReader): Generator<Uint8Array> {
    const { partition, tables, chunkBytes } = this.#options;
    for (const table of tables) {
      let content: unknown[] = [];
      let contentBytes = 0;
      for (const [key, value] of reader.scan(partition, table, '', undefined)) {
        content.push(table, key, value);
        contentBytes += key.length + value.length;
        const atBoundary = contentBytes >= chunkBytes / 4 && (hash16(key) & boundaryMask) === 0;
        if (!atBoundary && contentBytes < chunkBytes) continue;
        yield pack(content);
        content = [];
        contentBytes = 0;
      }
      if (content.length > 0) yield pack(content);
    }
  }

  /** A chunk of this name that is there already has this content, unless it is damaged. */
  async #putChunk(name: string, bytes: Uint8Array): Promise<void> {
    const { blobs } = this.#options;
    try {
      await blobs.put(name, bytes);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'BLOB_DAMAGED') throw error;
      await blobs.delete(name);
      await blobs.put(name, bytes);
    }
  }

  /** Reads back a snapshot. Throws if anything of it is missing or damaged. */
  async #verify(position: number): Promise<Manifest> {
    const manifest = await this.#readManifest(position);
    for (const chunk of manifest.chunks) await this.#chunk(chunk);
    this.#whole.add(position);
    return manifest;
  }

  async #readManifest(position: number): Promise<Manifest> {
    const name = this.#name(position);
    const bytes = await this.#options.blobs.get(name);
    if (bytes === undefined) throw new TuttiError('BLOB_DAMAGED', `${name} is missing.`);
    const [format, ...fields] = unpack(bytes) as unknown[];
    if (format !== manifestFormat)
      throw new TuttiError(
        'DATA_FORMAT',
        `${name} has format ${String(format)}; this version of Tutti knows format ${manifestFormat}.`,
      );
    const [, , note, logBytes, sizeBytes, chunks] = fields as [
      number,
      number,
      Uint8Array | null,
      number,
      number,
      string[],
    ];
    return { note: note ?? undefined, logBytes, sizeBytes, chunks };
  }

  /** The newest one is whole: drops all but it and the newest whole one before it, and trims the log (S2). */
  async #keepLastTwo(epoch: number): Promise<void> {
    const { log } = this.#options;
    for (let before = this.#positions.at(-2); before !== undefined; before = this.#positions.at(-2)) {
      if (await this.#isWhole(before)) break;
      await this.#drop(before);
    }
    for (const position of this.#positions.slice(0, -2)) await this.#drop(position);
    await this.#deleteUnnamedChunks(epoch);
    const [lastButOne, last] = this.#positions;
    if (lastButOne !== undefined && last !== undefined) await log.trim(lastButOne + 1);
  }

  async #isWhole(position: number): Promise<boolean> {
    if (this.#whole.has(position)) return true;
    try {
      await this.#verify(position);
      return true;
    } catch (error) {
      this.#emitDamaged(position, error);
      return false;
    }
  }

  async #drop(position: number): Promise<void> {
    await this.#options.blobs.delete(this.#name(position));
    this.#positions = this.#positions.filter((other) => other !== position);
    this.#whole.delete(position);
  }

  /** Chunks of snapshots that were dropped, and of those that a crash cut short. */
  async #deleteUnnamedChunks(epoch: number): Promise<void> {
    const { blobs } = this.#options;
    const named = new Set<string>();
    // Whoever led before may have written one more meanwhile.
    for (const position of await this.#listed()) {
      const manifest = await this.#readManifest(position).catch((error: unknown) => {
        if (this.#positions.includes(position)) throw error;
      });
      for (const chunk of manifest?.chunks ?? []) named.add(chunk);
    }
    const newest = this.#scopeOf(epoch);
    for (const chunk of await blobs.list(this.#chunkPrefix()))
      if (!named.has(chunk) && scopeOf(chunk, this.#chunkPrefix()) <= newest) await blobs.delete(chunk);
  }

  async #listed(): Promise<number[]> {
    const names = await this.#options.blobs.list(this.#prefix());
    return names.map((name) => Number(name.slice(this.#prefix().length))).sort((a, b) => a - b);
  }

  /** What the names of a leader's chunks begin with (S4). Texts of two leaders compare as their epochs do. */
  #scopeOf(epoch: number): string {
    return this.#options.log.shared ? `${String(epoch).padStart(positionDigits, '0')}-` : '';
  }

  #emitDamaged(position: number, error: unknown): void {
    const { partition, env } = this.#options;
    env.events.emit('snapshot.damaged', { partition, position, error });
  }

  #chunkPrefix(): string {
    return `chunk/${this.#options.partition}/`;
  }

  #prefix(): string {
    return `snapshot/${this.#options.partition}/`;
  }

  #name(position: number): string {
    return this.#prefix() + String(position).padStart(positionDigits, '0');
  }
}

const scopeOf = (chunk: string, prefix: string): string => /^[0-9]+-/.exec(chunk.slice(prefix.length))?.[0] ?? '';

const decodeChunk = (bytes: Uint8Array): readonly StoreWrite[] => {
  const content = unpack(bytes) as unknown[];
  const slice: StoreWrite[] = [];
  for (let at = 0; at < content.length; at += 3)
    slice.push([content[at] as number, content[at + 1] as string, content[at + 2] as Uint8Array]);
  return slice;
};
