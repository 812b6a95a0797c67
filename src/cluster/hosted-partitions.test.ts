import { expect, test } from 'vitest';
import { openFileBlobs } from '../engine/embedded/file-blobs.ts';
import { LocalBus } from '../engine/embedded/local-bus.ts';
import { memoryFiles } from '../engine/embedded/memory-files.ts';
import { openPhysicalLog } from '../engine/embedded/physical-log.ts';
import { limits } from '../limits.ts';
import { nodeEnv } from '../platform/node.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { HostedPartitions } from './hosted-partitions.ts';

/** A partition of which a test says when the executors of all members are known, and what became of it. */
const rig = async () => {
  const env = nodeEnv({ emit: () => undefined });
  const files = memoryFiles();
  const log = await openPhysicalLog(files, '/log', { env, segmentBytes: 2 ** 20, recordBytesMax: 4_096 });
  const store = createMemoryStore();
  const met: PromiseWithResolvers<void>[] = [];
  const events: string[] = [];
  let noted: (() => void) | undefined;
  const note = (what: string): void => {
    events.push(what);
    noted?.();
  };
  const parts: HostedPartitions = new HostedPartitions({
    host: {
      env,
      partitions: 1,
      log: (partition) => log.log(partition),
      reader: store.reader(),
      openSnapshotReader: () => store.reader(),
      writer: store.writer,
      blobs: await openFileBlobs(files, '/blobs'),
      bus: new LocalBus(env.timers),
      retentionMs: limits.retentionMs,
      retentionTasks: 1_000,
      previousEnd: 'its node ended',
      checkpoints: limits,
      stalled: () => undefined,
      postToExecutor: () => undefined,
      postToClient: () => undefined,
      soon: (turn) => setImmediate(turn),
    },
    met: () => {
      const one = Promise.withResolvers<void>();
      met.push(one);
      return one.promise;
    },
    leaderEnded: () => undefined,
    watch: {
      changed: (partition) => note(parts.state(partition).role),
      leading: () => note('leads'),
    },
  });
  const until = async (what: string): Promise<void> => {
    while (events.at(-1) !== what)
      await new Promise<void>((resolve) => {
        noted = resolve;
      });
    events.length = 0;
  };
  const close = async (): Promise<void> => {
    await parts.host.close();
    await log.close();
  };
  return { parts, met, events, until, close };
};

test('a claim that waits for executors is none any more once its partition was dropped; a later one counts', async () => {
  const { parts, met, events, until, close } = await rig();
  parts.claim(0);
  expect(parts.state(0).role).toBe('claiming');
  parts.drop(0);
  await until('none');
  met[0]?.resolve();
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([parts.state(0).role, events]).toEqual(['none', []]);

  parts.claim(0);
  parts.drop(0);
  await until('none');
  parts.claim(0);
  // Of the one that was dropped.
  met[1]?.resolve();
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([parts.state(0).role, parts.host.parts.get(0)]).toEqual(['claiming', undefined]);
  met[2]?.resolve();
  await until('leading');
  expect(parts.epoch(0)).toBeGreaterThan(0);
  await close();
});
