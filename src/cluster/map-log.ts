/**
 * The cluster map and its log: reads the newest version, and appends the next one after it, which the log refuses if another was
 * first. Whatever an append is answered, only reading tells what stands there.
 */
import type { AppendResult, Log, LogRecord } from '../engine/engine.ts';
import { limits } from '../limits.ts';
import type { ClusterMap } from './cluster-map.ts';
import { decodeMap, encodeMap } from './map-record.ts';

/** Two maps, however large, come with one read. */
const roomBytes = 2 * limits.recordBytesMax;

export class MapLog {
  readonly #log: Log;
  readonly #recordsKept: number;
  #map: ClusterMap | undefined;
  /** Of which `#map` was made. */
  #bytes: Uint8Array | undefined;
  #position = 0;

  constructor(log: Log, recordsKept: number) {
    this.#log = log;
    this.#recordsKept = recordsKept;
  }

  /**
   * The newest map that the log shows; undefined: it shows none. That is an older one than was read before where the log has lost
   * its tail or was made anew, and may be one where reads lag. Rejects with what `decodeMap` throws.
   */
  async read(): Promise<ClusterMap | undefined> {
    for (let from = Math.max(1, this.#position); ; from = this.#position + 1) {
      const records = await this.#readFrom(from);
      const newest = records.at(-1);
      if (newest !== undefined) {
        // What would follow had room beside it: that it came alone says as much as a read of nothing behind it.
        const standsAlone = records.length === 1 && newest.position === this.#position;
        // Whoever looks at the map sees by the object that it is the one of before.
        if (this.#bytes === undefined || Buffer.compare(this.#bytes, newest.bytes) !== 0)
          this.#map = decodeMap(newest.bytes, newest.position);
        this.#bytes = newest.bytes;
        this.#position = newest.position;
        if (standsAlone) return this.#map;
        // The newest one read is read once more, and where it stands no more the log is read from its beginning.
      } else if (from === this.#position && (await this.#log.end()) < from) {
        this.#map = undefined;
        this.#bytes = undefined;
        this.#position = 0;
      } else return this.#map;
    }
  }

  /** From there on, or from where the log begins by now: others trim it, also between the question where that is and the answer. */
  async #readFrom(from: number): Promise<readonly LogRecord[]> {
    for (let first = from; ; ) {
      try {
        return await this.#log.read(first, roomBytes);
      } catch (error) {
        const start = await this.#log.start();
        if ((error as { code?: unknown }).code !== 'LOG_TRIMMED' || start <= first) throw error;
        first = start;
      }
    }
  }

  /** Appends a map behind the one that was read last. What it is answered proves nothing but `appended`. */
  async append(map: ClusterMap): Promise<AppendResult> {
    const after = this.#position;
    const result = await this.#log.append(encodeMap(map), after);
    if (result.kind === 'appended' && result.position > this.#recordsKept)
      await this.#log.trim(result.position - this.#recordsKept + 1);
    return result;
  }
}
