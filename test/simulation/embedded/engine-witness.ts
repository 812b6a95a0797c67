/**
 * What the logs and blobs of a process told it, kept beyond its lives: what was acknowledged or read stays, with the same bytes,
 * until it was trimmed or deleted. Each record goes to `landed`, where the checks find it.
 */
import type { AppendResult, Blobs, Log, LogRecord } from '../../../src/engine/engine.ts';
import type { World } from '../world.ts';

export class EngineWitness {
  readonly #world: World;
  readonly #blobs = new Set<string>();
  /** Up to where each log was asked to forget. */
  readonly #trimmed: number[];

  constructor(world: World) {
    this.#world = world;
    this.#trimmed = world.landed.map(() => 1);
  }

  /** The log, watched. */
  ofLog(partition: number, log: Log, afterTrim: (start: number) => void): Log {
    return {
      shared: log.shared,
      append: async (bytes, after): Promise<AppendResult> => {
        const result = await log.append(bytes, after);
        if (result.kind === 'appended') this.#landed(partition, { position: result.position, bytes });
        return result;
      },
      read: async (from, maxBytes) => {
        const records = await log.read(from, maxBytes);
        for (const record of records) this.#landed(partition, record);
        return records;
      },
      end: () => log.end(),
      start: () => log.start(),
      trim: async (upTo) => {
        const trimmed = Math.max(this.#trimmed[partition]!, upTo);
        this.#trimmed[partition] = trimmed;
        afterTrim(trimmed);
        await log.trim(upTo);
      },
    };
  }

  /** How many bytes of records the logs must keep. */
  get keptBytes(): number {
    let bytes = 0;
    for (const [partition, landed] of this.#world.landed.entries())
      for (const record of landed.slice(Math.min(this.#trimmed[partition]!, landed.length) - 1)) bytes += record.length;
    return bytes;
  }

  /** The blobs, watched. */
  ofBlobs(blobs: Blobs, afterDelete: (partition: number, logStart: number) => void): Blobs {
    return {
      put: async (name, bytes) => {
        await blobs.put(name, bytes);
        this.#blobs.add(name);
      },
      get: (name) => blobs.get(name),
      list: (prefix) => blobs.list(prefix),
      delete: async (name) => {
        this.#blobs.delete(name);
        await blobs.delete(name);
        const partition = Number(name.split('/')[1]);
        afterDelete(partition, this.#trimmed[partition]!);
      },
    };
  }

  /** The blobs were opened again. */
  async openedBlobs(blobs: Blobs): Promise<void> {
    const there = new Set(await blobs.list(''));
    for (const name of this.#blobs)
      if (!there.has(name)) this.#world.violated('acknowledged', `the blob ${name} was stored and is not there`);
  }

  /** A log was opened again: reads all of it. */
  async openedLog(partition: number, log: Log): Promise<void> {
    const known = this.#world.landed[partition]!.length;
    const [start, end] = [await log.start(), await log.end()];
    if (end < known) this.#violated(partition, `the log ends at ${end}; position ${known} was acknowledged`);
    const trimmed = this.#trimmed[partition]!;
    if (start > trimmed) this.#violated(partition, `the log begins at ${start}; it was to be kept from ${trimmed} on`);
    for (let position = start; position <= end; ) {
      const records = await log.read(position);
      for (const record of records) this.#landed(partition, record);
      if (records.length === 0) this.#violated(partition, `position ${position} of ${start} to ${end} cannot be read`);
      position += records.length;
    }
  }

  #landed(partition: number, { position, bytes }: LogRecord): void {
    const landed = this.#world.landed[partition]!;
    const before = landed[position - 1];
    if (before === undefined) {
      if (position !== landed.length + 1) this.#violated(partition, `position ${position} follows ${landed.length}`);
      landed[position - 1] = Uint8Array.from(bytes);
    } else if (Buffer.compare(before, bytes) !== 0)
      this.#violated(partition, `position ${position} has other bytes than it had`);
  }

  #violated(partition: number, what: string): void {
    this.#world.violated('acknowledged', `partition ${partition}: ${what}`);
  }
}
