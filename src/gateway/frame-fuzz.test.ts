/**
 * Frames that no client sends (`fuzzed-frames.fixture.ts`). None may throw, none may leave anything behind; each is answered or ends
 * the connection, with a code.
 *
 * `TUTTI_FUZZ_FRAMES` says how many, `TUTTI_FUZZ_SEED` with which seed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { closeCode, fromClient } from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';
import { seededRandom } from '../values/hash.ts';
import { ConnectionWorld } from './connection.fixture.ts';
import { FuzzedFrames } from './fuzzed-frames.fixture.ts';

const frames = Number(process.env['TUTTI_FUZZ_FRAMES'] ?? 100_000);
const seed = process.env['TUTTI_FUZZ_SEED'] ?? '1';
const heapGrowthBytesMax = 16 * 1024 * 1024;

const codes = new Set<number>(Object.values(closeCode));

/** One connection until it is closed, or has had enough. Gives the number of frames. */
const connection = async (fuzz: FuzzedFrames, seen: Map<string, number>): Promise<number> => {
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
  const fuzz = new FuzzedFrames(seededRandom(seed), {
    id: 'A'.repeat(26),
    task: 'a',
    tokens: [null, 'secret', 'wrong'],
  });
  const seen = new Map<string, number>();
  let count = 0;
  while (count < frames / 5) count += await connection(fuzz, seen);
  gc();
  const heapBytes = process.memoryUsage().heapUsed;
  while (count < frames) count += await connection(fuzz, seen);
  gc();
  const grownBytes = process.memoryUsage().heapUsed - heapBytes;
  console.info(`seed ${seed}: ${count} frames, the heap grew by ${grownBytes} bytes over the last four fifths`);
  expect(grownBytes).toBeLessThan(heapGrowthBytesMax);
  for (const code of ['PROTOCOL_INVALID', 'PROTOCOL_VERSION', 'UNAUTHORIZED'])
    expect(seen.get(code)).toBeGreaterThan(0);
  expect([...seen.keys()].sort()).toEqual(['PROTOCOL_INVALID', 'PROTOCOL_VERSION', 'UNAUTHORIZED']);
});
