/**
 * Frames that no client sends: valid ones with bits flipped, bytes cut out and put in, spliced together, and ones made up. None may
 * throw, none may leave anything behind; each is answered or ends the connection, with a code.
 *
 * `TUTTI_FUZZ_FRAMES` says how many, `TUTTI_FUZZ_SEED` with which seed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pack } from 'msgpackr';
import { expect, test } from 'vitest';
import { type ClientMessage, closeCode, encodeFrame, fromClient } from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';
import { type SeededRandom, seededRandom } from '../values/hash.ts';
import { ConnectionWorld } from './connection.fixture.ts';

const frames = Number(process.env['TUTTI_FUZZ_FRAMES'] ?? 100_000);
const seed = process.env['TUTTI_FUZZ_SEED'] ?? '1';
const heapGrowthBytesMax = 16 * 1024 * 1024;

const id = 'A'.repeat(26);

class Fuzz {
  readonly #random: SeededRandom;
  #request = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  below(count: number): number {
    return Math.floor(this.#random.fraction() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
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
    const request = ++this.#request;
    const head = [fromClient.request, request, this.below(request)] as const;
    switch (this.below(12)) {
      case 0:
        return [fromClient.hello, this.below(3), this.pick([null, 'secret', 'wrong']), 'c'];
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
        return [...head, 'start', id, 'a', '1', this.pick([null, 'key']), this.below(3) - 1, this.below(3)];
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

const codes = new Set<number>(Object.values(closeCode));

/** One connection until it is closed, or has had enough. Gives the number of frames. */
const connection = async (fuzz: Fuzz, seen: Map<string, number>): Promise<number> => {
  const world = new ConnectionWorld('secret');
  const { backend } = world;
  if (fuzz.below(10) > 0) await world.take([fromClient.hello, 1, 'secret', 'c']);
  let count = 0;
  while (world.closedWith === undefined && count < 50) {
    world.connection.receive(fuzz.frame());
    count++;
    if (fuzz.below(4) > 0) continue;
    backend.answers.at(-1)?.resolve('1');
    const following = fuzz.pick(backend.follows);
    following?.follower.take('{"type":"log","index":0}');
    if (fuzz.below(4) === 0) following?.follower.end();
    await world.settle();
  }
  if (world.closedWith === undefined) world.connection.closed();
  else {
    expect(codes).toContain(world.closedWith);
    const told = world.replies.find(([request]) => request === 0);
    const { code, outcome } = decodeError(told?.[2] ?? 'null') as Error & { code: string; outcome: string };
    expect(outcome).toBe('rejected');
    seen.set(code, (seen.get(code) ?? 0) + 1);
  }
  // Nothing of it stays behind in the node.
  expect(backend.follows.every(({ stopped }) => stopped)).toBe(true);
  expect(backend.watchers.size).toBe(0);
  expect(
    backend.signals.every(
      (signal, index) => signal === undefined || signal.aborted || backend.answers[index]?.isSettled === true,
    ),
  ).toBe(true);
  for (const answer of backend.answers) answer.resolve('1');
  const sent = world.sent.length;
  await world.settle();
  expect(world.sent.length).toBe(sent);
  return count;
};

const title = `${frames.toLocaleString('en')} fuzzed frames: a coded error or a closed connection, and nothing left behind`;

test(title, { timeout: 60_000 + frames * 10 }, async () => {
  // Stacks of refusals are most of the work, and nobody reads them here.
  Error.stackTraceLimit = 0;
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const fuzz = new Fuzz(seededRandom(seed));
  const seen = new Map<string, number>();
  let count = 0;
  while (count < frames / 5) count += await connection(fuzz, seen);
  gc();
  const heapBytes = process.memoryUsage().heapUsed;
  while (count < frames) count += await connection(fuzz, seen);
  gc();
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(heapGrowthBytesMax);
  for (const code of ['PROTOCOL_INVALID', 'PROTOCOL_VERSION', 'UNAUTHORIZED'])
    expect(seen.get(code)).toBeGreaterThan(0);
  expect([...seen.keys()].sort()).toEqual(['PROTOCOL_INVALID', 'PROTOCOL_VERSION', 'UNAUTHORIZED']);
});
