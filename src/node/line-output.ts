/**
 * Lines to a file descriptor that may be a pipe with a slow reader: what cannot be written now waits, in bounded memory, and is
 * written a little later. What is beyond the bound is left out, and said to be. The thread is never held up.
 */
import { writeSync } from 'node:fs';

/** The one call that it needs; throws `EAGAIN` where nothing can be written now. */
export type WriteBytes = (bytes: Uint8Array) => number;

const againMs = 5;
const flushMaxMs = 500;

export class LineOutput {
  readonly #write: WriteBytes;
  readonly #bytesMax: number;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #leftOut = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: WriteBytes, bytesMax: number) {
    this.#write = write;
    this.#bytesMax = bytesMax;
  }

  line(text: string): void {
    if (this.#waitingBytes > this.#bytesMax) {
      this.#leftOut++;
      return;
    }
    this.#add(text);
    if (this.#timer === undefined) this.#drain();
  }

  /** Waits a moment for what is still to be written: nothing comes after it. */
  flush(): void {
    clearTimeout(this.#timer);
    const giveUpAt = performance.now() + flushMaxMs;
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    for (this.#drain(); this.#timer !== undefined && performance.now() < giveUpAt; this.#drain()) {
      clearTimeout(this.#timer);
      Atomics.wait(nothing, 0, 0, againMs);
    }
    clearTimeout(this.#timer);
  }

  #add(text: string): void {
    const bytes = Buffer.from(`${text}\n`);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #drain(): void {
    this.#timer = undefined;
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) {
        if (this.#leftOut === 0) return;
        this.#add(`(${this.#leftOut} lines were left out: they came faster than they were read)`);
        this.#leftOut = 0;
        continue;
      }
      let written: number;
      try {
        written = this.#write(first);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          // Nobody reads any more, or the disk is full: talk is no reason to stop.
          this.#waiting.length = 0;
          this.#waitingBytes = 0;
          this.#leftOut = 0;
          return;
        }
        this.#timer = setTimeout(() => this.#drain(), againMs);
        return;
      }
      this.#waitingBytes -= written;
      if (written === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(written);
    }
  }
}

const outputBytesMax = 8 * 1024 * 1024;

export const stderrLines = (): LineOutput => new LineOutput((bytes) => writeSync(2, bytes), outputBytesMax);
