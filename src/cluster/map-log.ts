/**
 * The cluster map and its log: reads the newest version, and appends the next one after it, which the log refuses if another was
 * first. Whatever an append is answered, only reading tells what stands there.
 */
import type { Log } from '../engine/engine.ts';
import type { ClusterMap } from './cluster-map.ts';
import { decodeMap, encodeMap } from './map-record.ts';

export class MapLog {
  readonly #log: Log;
  readonly #recordsKept: number;
  #map: ClusterMap | undefined;
  #position = 0;

  constructor(log: Log, recordsKept: number) {
    this.#log = log;
    this.#recordsKept = recordsKept;
  }

  /**
   * The newest map that can be read; undefined: none stands in the log. Reads the newest one known once more, which is another one
   * if the log was made anew. Rejects with what `decodeMap` throws.
   */
  async read(): Promise<ClusterMap | undefined> {
    for (let from = Math.max(1, this.#position); ; from = this.#position + 1) {
      const records = await this.#log.read(from).catch(async (error: unknown) => {
        if ((error as { code?: unknown }).code !== 'LOG_TRIMMED') throw error;
        return this.#log.read(await this.#log.start());
      });
      const newest = records.at(-1);
      if (newest === undefined) return this.#map;
      this.#map = decodeMap(newest.bytes, newest.position);
      this.#position = newest.position;
    }
  }

  /** Settles when the append was answered, which proves nothing. */
  async append(map: ClusterMap): Promise<void> {
    const after = this.#position;
    const result = await this.#log.append(encodeMap(map), after);
    if (result.kind === 'appended' && result.position > this.#recordsKept)
      await this.#log.trim(result.position - this.#recordsKept + 1);
  }
}
