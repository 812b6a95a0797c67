/**
 * Nothing acknowledged is lost, with real processes: two data folders under SIGKILL at random instants, and what a kill left
 * behind damaged in every way that Tutti promises to survive or to report. `npm run soak:crash` does the same for long.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from 'msgpackr';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openFileBlobs } from '../../src/engine/embedded/file-blobs.ts';
import { nodeFiles } from '../../src/engine/embedded/node-files.ts';
import { open } from '../../src/node/open.ts';
import { CrashRun } from './crash-run.ts';
import { contentOf, copyData, flipBit, flipInTheMiddle, logOf, removeStore, tails, tearTail } from './damage.ts';
import { readEffects } from './effects.ts';
import { newestVouched, readFrames, wasTrimmed } from './log-frames.ts';

const killsOfEach = 15;
/** A life takes one second of two idle cores, and ten of busy ones. */
const hailMs = 400_000;
const seed = Number(process.env.TUTTI_CRASH_SEED ?? Date.now() % 100_000);

let root: string;
let one: CrashRun;
let eight: CrashRun;
const runs: CrashRun[] = [];

const makeRun = (name: string, partitions: number, executors: number): CrashRun => {
  const folder = join(root, name);
  const run = new CrashRun({
    folder,
    seed: seed + partitions,
    partitions,
    executors,
    compileCache: join(root, 'cache'),
  });
  runs.push(run);
  return run;
};

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tutti-kills-'));
  // Fills the compile cache.
  await makeRun('warm', 1, 1).drain();
  one = makeRun('one', 1, 2);
  eight = makeRun('eight', 8, 1);
});
let failed = false;
afterEach(({ task }) => {
  failed ||= task.result?.state === 'fail';
});
/** What a failure names is kept. */
afterAll(() => {
  for (const run of runs) run.stop();
  if (!failed) rmSync(root, { recursive: true });
});

test(
  `after SIGKILL at any moment every acknowledged task is there, ends right, and redoes no completed step: ${2 * killsOfEach} times (seed ${seed})`,
  async () => {
    const hail = async (run: CrashRun): Promise<void> => {
      for (let kill = 0; kill < killsOfEach; kill++) await run.killOnce();
    };
    const ends = await Promise.allSettled([hail(one), hail(eight)]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
    await one.workUntil(() => wasTrimmed(readFrames(logOf(one.dataFolder))));
    // What the last kill left of `one` is for the tests below.
    await eight.drain();
    expect(readEffects(eight.effectsFile)).toMatchObject({ broken: [] });
    expect(eight.tasks.size).toBeGreaterThan(50);
  },
  hailMs,
);

describe('after a kill', () => {
  const copyOf = (name: string): string => {
    const copy = join(root, `copy-${name}`);
    copyData(one.dataFolder, copy);
    return copy;
  };
  const said = (): string =>
    readFileSync(join(root, 'one', 'stderr'), 'utf8')
      .split('-- life')
      .at(-1) as string;

  const expectRefused = async (data: string, file: string, offset: number): Promise<void> => {
    const before = [...contentOf(logOf(data)), ...contentOf(join(data, 'blobs'))];
    const opened = open({
      module: new URL('./crash-app.fixture.ts', import.meta.url),
      data,
      executors: 1,
      logLevel: 'silent',
    });
    await expect(opened).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { file, offset } });
    expect([...contentOf(logOf(data)), ...contentOf(join(data, 'blobs'))]).toEqual(before);
  };

  test.each(Object.entries(tails))(
    'a log that ends in %s opens, and all that was acknowledged is there (P5)',
    async (name, tailOf) => {
      const copy = copyOf(`tail-${name.replaceAll(' ', '-')}`);
      tearTail(copy, tailOf);
      await one.drainCopy(copy);
    },
  );

  test('one bit flipped in the middle of the log is reported with file and offset, and nothing is changed (P5)', async () => {
    const copy = copyOf('middle');
    const { file, offset } = flipInTheMiddle(copy);
    await expectRefused(copy, file, offset);
  });

  test('a store that is gone is filled again from snapshot and log', async () => {
    const copy = copyOf('no-store');
    removeStore(copy);
    await one.drainCopy(copy);
    expect(said()).toContain('snapshot.restored');
  });

  test('a store that is gone is filled again from the snapshot before, if the newest is damaged', async () => {
    const copy = copyOf('damaged-snapshot');
    removeStore(copy);
    const blobs = await openFileBlobs(nodeFiles, join(copy, 'blobs'));
    const chunksOf = async (manifest: string): Promise<readonly string[]> =>
      (unpack((await blobs.get(manifest))!) as unknown[]).at(-1) as string[];
    const [before, newest] = (await blobs.list('snapshot/0/')).slice(-2) as [string, string];
    const kept = await chunksOf(before);
    const chunk = (await chunksOf(newest)).find((name) => !kept.includes(name))!;
    const file = join(copy, 'blobs', `${chunk.replaceAll('/', '+')}.blob`);
    flipBit(file, statSync(file).size - 1);
    await one.drainCopy(copy);
    expect(said()).toMatch(/snapshot\.damaged[\s\S]*snapshot\.restored/);
  });

  test('one bit flipped in the last acknowledged record, once the log fell quiet, is reported and not cut off (P5)', async () => {
    const vouched = () => newestVouched(readFrames(logOf(one.dataFolder)));
    // A checkpoint may slip in between the look and the kill.
    do await one.stayUntil(() => vouched() !== undefined);
    while (vouched() === undefined);
    const copy = copyOf('last');
    const frame = newestVouched(readFrames(logOf(copy)))!;
    const record = frame.entries.at(-1)!;
    flipBit(frame.file, record.offset + (record.length >> 1));
    await expectRefused(copy, frame.file, frame.offset);
  });

  test('and the folder itself, killed so often, drains: every result is right and no completed step was redone', async () => {
    await one.drain();
    expect(readEffects(one.effectsFile)).toMatchObject({ broken: [] });
  });
});
