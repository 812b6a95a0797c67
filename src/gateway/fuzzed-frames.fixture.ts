/** Frames that no client sends: valid ones with bits flipped, bytes cut out and put in, spliced together, and ones made up. */
import { pack } from 'msgpackr';
import { type ClientMessage, encodeFrame, fromClient } from '../protocol/wire.ts';
import type { SeededRandom } from '../values/hash.ts';

export type FuzzedOptions = {
  /** The id of all tasks, and the name of those that are started. */
  readonly id: string;
  readonly task: string;
  /** With one of which clients say hello. */
  readonly tokens: readonly (string | null)[];
};

export class FuzzedFrames {
  readonly #random: SeededRandom;
  readonly #options: FuzzedOptions;
  #request = 0;

  constructor(random: SeededRandom, options: FuzzedOptions) {
    this.#random = random;
    this.#options = options;
  }

  below(count: number): number {
    return Math.floor(this.#random.fraction() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(count: number): Uint8Array {
    return this.#random.bytes(count);
  }

  /** A frame that a client might send. */
  proper(): Uint8Array {
    return encodeFrame([this.#message()]);
  }

  frame(): Uint8Array {
    switch (this.below(8)) {
      case 0:
        return this.#random.bytes(this.below(40));
      case 1:
        return pack(this.#value(0));
      case 2:
        return encodeFrame(Array.from({ length: this.below(4) }, () => this.#message()));
      case 3:
        return this.#damaged(pack([this.#message(), this.#value(2)]));
      case 4: {
        const [a, b] = [encodeFrame([this.#message()]), encodeFrame([this.#message()])];
        return Uint8Array.of(...a.subarray(0, this.below(a.length)), ...b.subarray(this.below(b.length)));
      }
      default:
        return this.#damaged(encodeFrame(Array.from({ length: 1 + this.below(3) }, () => this.#message())));
    }
  }

  #message(): ClientMessage {
    const { id, task, tokens } = this.#options;
    const request = ++this.#request;
    const head = [fromClient.request, request, this.below(request)] as const;
    switch (this.below(12)) {
      case 0:
        return [fromClient.hello, this.below(3), this.pick(tokens), 'c'];
      case 1:
        return [fromClient.stop, this.below(request + 1)];
      case 2:
        return [fromClient.ping, this.below(1_000)];
      case 3:
        return [...head, 'follow', id, this.below(5)];
      case 4:
        return [...head, 'watchTasks', '{}'];
      case 5:
        return [...head, 'wait', id];
      case 6:
        return [...head, 'start', id, task, '1', this.pick([null, 'key']), this.below(3) - 1, this.below(3)];
      case 7:
        return [...head, this.pick(['status', 'logs', 'constructor', '__proto__', '']), this.#value(1)];
      default:
        return [...head, this.pick(['status', 'detail', 'list', 'cancel', 'app', 'watchOverview']), id, 0];
    }
  }

  #value(depth: number): unknown {
    switch (this.below(depth > 3 ? 7 : 11)) {
      case 0:
        return this.below(2 ** 31) - 2 ** 30;
      case 1:
        return this.#random.fraction() * 1e300;
      case 2:
        return this.pick([null, true, false, undefined, Number.NaN, -0]);
      case 3:
        return 'text '.repeat(this.below(20));
      case 4:
        return new Uint8Array(this.below(20));
      case 5:
        return 2n ** BigInt(this.below(63));
      case 6:
        return this.pick([new Date(0), new Error('e'), /x/, new Map([[1, 2]]), new Set([1])]);
      case 7:
        return Object.fromEntries([[this.pick(['a', '__proto__', 'then']), this.#value(depth + 1)]]);
      default:
        return Array.from({ length: this.below(6) }, () => this.#value(depth + 1));
    }
  }

  #damaged(frame: Uint8Array): Uint8Array {
    let bytes = Uint8Array.from(frame);
    for (let times = this.below(4); times > 0; times--) {
      const at = this.below(bytes.length);
      switch (this.below(4)) {
        case 0:
          if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << this.below(8));
          break;
        case 1:
          bytes = bytes.slice(0, at);
          break;
        case 2:
          bytes = Uint8Array.of(...bytes.subarray(0, at), ...this.#random.bytes(this.below(6)), ...bytes.subarray(at));
          break;
        default:
          bytes = Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + this.below(8)));
      }
    }
    return bytes;
  }
}
