/**
 * Snapshots of a partition: its whole state at a checkpoint, as a manifest and content-addressed chunks in `Blobs`. They are
 * what a lost or damaged store is refilled from, and what allows the log to be trimmed: behind the last but one snapshot that
 * was read back and found whole, never further.
 *
 * Chunks end where the hash of a key says so, so that what did not change since the last snapshot is the same chunk.
 *
 * Manifest format 1: `[1, partition, position, note, [chunk name, …]]`. Chunk format: `[table, key, value bytes, …]`.
 */

import { pack, unpack } from 'msgpackr';
import type { Blobs, Log } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { sha256 } from '../platform/sha256.ts';
import type { StoreMarker, StoreReader, StoreWrite, StoreWriter } from '../store/store.ts';
import { hash16 } from '../values/hash.ts';

const manifestFormat = 1;
/** One key in 512 ends a chunk. */
const boundaryMask = 0x1ff;

type Manifest = {
  readonly position: number;
  readonly note: Uint8Array | undefined;
  readonly chunks: readonly string[];
};

export type SnapshotOptions = {
  readonly partition: number;
  readonly tables: readonly number[];
  readonly blobs: Blobs;
  readonly log: Log;
  readonly env: Env;
};

export class Snapshots {
  readonly #options: SnapshotOptions;
  /** Positions of the snapshots there are, ascending. */
  #positions: number[] = [];
  #takenAtLogBytes = 0;
  #sizeBytes = 0;

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    const names = await this.#options.blobs.list(this.#prefix());
    this.#positions = names.map((name) => Number(name.slice(this.#prefix().length))).sort((a, b) => a - b);
  }

  /** Whether enough was written since the last one. `logBytes` counts what this leader has written. */
  due(logBytes: number): boolean {
    return logBytes - this.#takenAtLogBytes >= Math.max(limits.snapshotLogBytes, this.#sizeBytes);
  }

  /** Takes a snapshot of what `reader` sees, which is exactly the state at the marker; then trims the log. */
  async take(reader: StoreReader, marker: StoreMarker, logBytes: number): Promise<void> {
    const { partition, blobs, env, tables, log } = this.#options;
    const began = env.clock.monotonic();
    const chunks: string[] = [];
    let sizeBytes = 0;
    let content: unknown[] = [];
    let contentBytes = 0;
    const finishChunk = async (): Promise<void> => {
      if (content.length === 0) return;
      const bytes = pack(content);
      const name = `chunk/${partition}/${sha256(bytes)}`;
      await blobs.put(name, bytes);
      chunks.push(name);
      sizeBytes += bytes.length;
      content = [];
      contentBytes = 0;
    };
    for (const table of tables) {
      for (const [key, value] of reader.scan(partition, table, '', undefined)) {
        content.push(table, key, value);
        contentBytes += key.length + value.length;
        const full = contentBytes >= limits.snapshotChunkBytes;
        if (full || (contentBytes >= limits.snapshotChunkBytes / 4 && (hash16(key) & boundaryMask) === 0))
          await finishChunk();
      }
      await finishChunk();
    }
    const manifest = pack([manifestFormat, partition, marker.position, marker.note, chunks]);
    await blobs.put(this.#name(marker.position), manifest);
    await this.#readManifest(marker.position, true);
    this.#positions.push(marker.position);
    this.#takenAtLogBytes = logBytes;
    this.#sizeBytes = sizeBytes;
    env.events.emit('snapshot.done', {
      partition,
      position: marker.position,
      chunks: chunks.length,
      sizeBytes,
      ms: env.clock.monotonic() - began,
    });
    await this.#dropOld();
    const lastButOne = this.#positions[this.#positions.length - 2];
    if (lastButOne !== undefined) await log.trim(lastButOne + 1);
  }

  /**
   * Refills the store from the newest snapshot that is whole and that the log, which begins at `logStart`, continues.
   * Throws `STORE_FAILED` if there is none.
   */
  async restore(writer: StoreWriter, logStart: number): Promise<void> {
    const { partition, blobs, env } = this.#options;
    await this.load();
    const problems: string[] = [];
    for (const position of [...this.#positions].reverse()) {
      if (position + 1 < logStart) break;
      let manifest: Manifest;
      try {
        manifest = await this.#readManifest(position, true);
      } catch (error) {
        problems.push(`${this.#name(position)}: ${(error as Error).message}`);
        continue;
      }
      await writer.clear(partition);
      for (const chunk of manifest.chunks) {
        const content = unpack((await blobs.get(chunk)) as Uint8Array) as unknown[];
        const slice: StoreWrite[] = [];
        for (let at = 0; at < content.length; at += 3)
          slice.push([content[at] as number, content[at + 1] as string, content[at + 2] as Uint8Array]);
        await writer.write(partition, slice);
      }
      await writer.mark(partition, { position, note: manifest.note });
      env.events.emit('snapshot.restored', { partition, position, chunks: manifest.chunks.length });
      return;
    }
    throw new TuttiError(
      'STORE_FAILED',
      `Partition ${partition}: the store ends before the log begins (position ${logStart}), and no whole snapshot fills the gap${problems.length > 0 ? ` (${problems.join('; ')})` : ''}. Put back the data folder from a backup.`,
      { details: { partition, logStart, problems } },
    );
  }

  async #readManifest(position: number, verifyChunks: boolean): Promise<Manifest> {
    const { blobs } = this.#options;
    const bytes = await blobs.get(this.#name(position));
    if (bytes === undefined) throw new TuttiError('BLOB_DAMAGED', `${this.#name(position)} is missing.`);
    const [format, , , note, chunks] = unpack(bytes) as [number, number, number, Uint8Array | undefined, string[]];
    if (format !== manifestFormat)
      throw new TuttiError(
        'DATA_FORMAT',
        `${this.#name(position)} has format ${format}; this version of Tutti knows format ${manifestFormat}.`,
      );
    if (verifyChunks)
      for (const chunk of chunks)
        if ((await blobs.get(chunk)) === undefined) throw new TuttiError('BLOB_DAMAGED', `${chunk} is missing.`);
    return { position, note, chunks };
  }

  /** Keeps the last two, and the chunks they name. */
  async #dropOld(): Promise<void> {
    const { blobs } = this.#options;
    while (this.#positions.length > 2) {
      const oldest = this.#positions.shift() as number;
      const gone = await this.#readManifest(oldest, false).catch(() => undefined);
      await blobs.delete(this.#name(oldest));
      if (gone === undefined) continue;
      const kept = new Set<string>();
      for (const position of this.#positions)
        for (const chunk of (await this.#readManifest(position, false)).chunks) kept.add(chunk);
      for (const chunk of gone.chunks) if (!kept.has(chunk)) await blobs.delete(chunk);
    }
  }

  #prefix(): string {
    return `snapshot/${this.#options.partition}/`;
  }

  #name(position: number): string {
    return this.#prefix() + String(position).padStart(16, '0');
  }
}
