import { pack } from 'msgpackr';
import { beforeEach, describe, expect, test } from 'vitest';
import { openFileBlobs } from '../engine/embedded/file-blobs.ts';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { memoryFiles } from '../engine/embedded/memory-files.ts';
import type { Blobs, Log } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { StoreReader } from '../store/store.ts';
import { Snapshots } from './snapshot.ts';

const note = new Uint8Array([9, 9]);

/** Blobs that note what is put, and of which single ones can be damaged. */
class FragileBlobs implements Blobs {
  readonly put_: string[] = [];
  readonly damaged = new Set<string>();
  readonly #blobs: Blobs;

  constructor(blobs: Blobs) {
    this.#blobs = blobs;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.get(name);
    this.put_.push(name);
    await this.#blobs.put(name, bytes);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    if (this.damaged.has(name)) throw new TuttiError('BLOB_DAMAGED', `${name} is not what was written.`);
    return this.#blobs.get(name);
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#blobs.list(prefix);
  }

  async delete(name: string): Promise<void> {
    this.damaged.delete(name);
    await this.#blobs.delete(name);
  }
}

let blobs: FragileBlobs;
let env: ManualEnv;
let store: ReturnType<typeof createMemoryStore>;
let trims: number[];
let snapshots: Snapshots;
let shared: boolean;
let logStart: number;

const log: Log = {
  get shared() {
    return shared;
  },
  append: async () => ({ kind: 'unknown' }),
  read: async () => [],
  end: async () => 0,
  start: async () => logStart,
  trim: async (upTo) => void trims.push(upTo),
};

/** As a new process has them. */
const reopen = async (): Promise<Snapshots> => {
  const opened = new Snapshots({
    partition: 3,
    tables: [1, 2],
    blobs,
    log,
    env,
    chunkBytes: 1_000,
    everyLogBytes: 500,
  });
  await opened.load();
  return opened;
};

beforeEach(async () => {
  blobs = new FragileBlobs(await openFileBlobs(memoryFiles(), '/blobs'));
  env = manualEnv();
  store = createMemoryStore();
  trims = [];
  shared = false;
  logStart = 1;
  snapshots = await reopen();
});

const rowKey = (row: number): string => `row ${String(row).padStart(4, '0')}`;
const fill = async (from: number, to: number, value: number): Promise<void> => {
  for (const table of [1, 2])
    await store.writer.write(
      3,
      Array.from(
        { length: to - from },
        (_, at) => [table, rowKey(from + at), new Uint8Array(40).fill(value + at)] as const,
      ),
    );
};
const take = async (position: number, logBytes = position): Promise<void> => {
  await snapshots.take(store.reader(), { position, note }, logBytes, 1);
};
const rowsOf = (reader: StoreReader): string[] =>
  [1, 2].flatMap((table) =>
    Array.from(
      reader.scan(3, table, '', undefined),
      ([key, value]) => `${table} ${key} ${Buffer.from(value).toString('hex')}`,
    ),
  );
const chunks = (): Promise<readonly string[]> => blobs.list('chunk/');
const manifests = async (): Promise<number[]> =>
  (await blobs.list('snapshot/3/')).map((name) => Number(name.split('/')[2]));
const manifest = (position: number): string => `snapshot/3/${String(position).padStart(16, '0')}`;
const damagedEvents = (): unknown[] =>
  env.emitted.filter(({ name }) => name === 'snapshot.damaged').map(({ fields }) => fields.position);

const restoreElsewhere = async (start: number) => {
  logStart = start;
  const other = createMemoryStore();
  await other.writer.write(3, [[1, 'stale', new Uint8Array(1)]]);
  await (await reopen()).restore(other.writer);
  return other.reader();
};

describe('a snapshot', () => {
  test('gives back every row of every table, the position and the note, and nothing that stood there before', async () => {
    await fill(0, 300, 1);
    await take(50);
    const restored = await restoreElsewhere(51);
    expect(rowsOf(restored)).toEqual(rowsOf(store.reader()));
    const marker = restored.marker(3);
    expect([marker.position, [...marker.note!]]).toEqual([50, [...note]]);
  });

  test('of an empty partition gives back an empty one', async () => {
    await take(50);
    const restored = await restoreElsewhere(51);
    expect([rowsOf(restored), restored.marker(3).position]).toEqual([[], 50]);
  });

  test('puts only those chunks anew in which something changed', async () => {
    await fill(0, 2_000, 1);
    await take(50);
    const first = (await chunks()).length;
    expect(first).toBeGreaterThan(100);
    blobs.put_.length = 0;
    const before = new Set(await chunks());
    await store.writer.write(3, [[1, rowKey(700), new Uint8Array(40)]]);
    await take(60);
    const anew = (await chunks()).filter((name) => !before.has(name));
    expect(anew.length).toBeGreaterThan(0);
    expect(anew.length).toBeLessThan(first / 2);
  });

  test('does not let the log be trimmed as long as it is the only one, then behind the last but one', async () => {
    await fill(0, 100, 1);
    await take(50);
    expect(trims).toEqual([]);
    await fill(0, 100, 2);
    await take(70);
    await fill(0, 100, 3);
    await take(90);
    expect(trims).toEqual([51, 71]);
  });

  test('goes when two newer ones are there, with the chunks that only it names', async () => {
    for (const position of [10, 20, 30, 40]) {
      await fill(0, 100, position);
      await take(position);
    }
    expect(await manifests()).toEqual([30, 40]);
    const perSnapshot = new Set(blobs.put_.filter((name) => name.startsWith('chunk/'))).size / 4;
    expect(await chunks()).toHaveLength(2 * perSnapshot);
    const restored = await restoreElsewhere(31);
    expect(rowsOf(restored)).toEqual(rowsOf(store.reader()));
  });

  test('that a crash cut short leaves chunks behind, which the next one removes', async () => {
    await blobs.put('chunk/3/0123', new Uint8Array(5));
    await blobs.put('chunk/33/0123', new Uint8Array(5));
    await take(50);
    expect(await chunks()).toEqual(['chunk/33/0123']);
  });

  test('that cannot be read back does not count: the log is not trimmed, and what there is stays', async () => {
    await fill(0, 100, 1);
    await take(10);
    await fill(0, 100, 2);
    await take(20);
    await fill(0, 100, 3);
    blobs.put = async (name, bytes) => {
      await FragileBlobs.prototype.put.call(blobs, name, bytes);
      if (name === manifest(30)) blobs.damaged.add(blobs.put_.find((put) => put.startsWith('chunk/')) as string);
    };
    blobs.put_.length = 0;
    await expect(take(30)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    expect(trims).toEqual([11]);
    expect((await manifests()).slice(0, 2)).toEqual([10, 20]);
    // The next one finds the damaged chunk, writes it again, and counts.
    blobs.put = FragileBlobs.prototype.put;
    await take(40);
    expect(await manifests()).toEqual([30, 40]);
    expect(trims).toEqual([11, 31]);
    expect(rowsOf(await restoreElsewhere(31))).toEqual(rowsOf(store.reader()));
  });

  test('of an earlier process counts only once it was read back: if it is damaged, the one before it is kept', async () => {
    for (const position of [10, 20]) {
      await fill(0, 100, position);
      await take(position);
    }
    blobs.damaged.add(manifest(20));
    snapshots = await reopen();
    await fill(0, 100, 30);
    await take(30);
    expect(await manifests()).toEqual([10, 30]);
    expect(trims).toEqual([11, 11]);
    expect(damagedEvents()).toEqual([20, 20]);
  });

  test('that is under way when the partition is closed ends soon, and changes nothing', async () => {
    await fill(0, 300, 1);
    const taken = take(50);
    snapshots.stop();
    await expect(taken).rejects.toMatchObject({ code: 'CLOSED' });
    expect([await manifests(), trims]).toEqual([[], []]);
  });
});

describe('restoring', () => {
  test('takes the snapshot before, if the newest is damaged and the log still continues the older one', async () => {
    await fill(0, 100, 1);
    await take(10);
    const older = rowsOf(store.reader());
    const ofOlder = new Set(await chunks());
    await fill(50, 100, 2);
    await take(20);
    blobs.damaged.add((await chunks()).find((name) => !ofOlder.has(name)) as string);
    const restored = await restoreElsewhere(11);
    expect([rowsOf(restored), restored.marker(3).position]).toEqual([older, 10]);
    expect(damagedEvents()).toEqual([20]);
  });

  test('takes one from before a position at which the store was found wrong, and a later one where those are gone', async () => {
    for (const position of [10, 20]) {
      await fill(position, position + 1, 1);
      await take(position);
    }
    const positions: number[] = [];
    for (logStart of [11, 12]) {
      const refilled = createMemoryStore();
      await (await reopen()).restore(refilled.writer, 20);
      positions.push(refilled.reader().marker(3).position);
    }
    expect(positions).toEqual([10, 20]);
  });

  test('says which snapshots are no use, when none fills the gap', async () => {
    await take(10);
    await take(20);
    blobs.damaged.add(manifest(20));
    await expect(restoreElsewhere(15)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      details: { logStart: 15, problems: [expect.stringContaining(manifest(20))] },
    });
    await blobs.delete(manifest(20));
    await blobs.put(manifest(20), pack([77, 'what comes later']));
    await expect(restoreElsewhere(15)).rejects.toThrow('has format 77; this version of Tutti knows format 1');
  });

  test('leaves the store as it is until a whole snapshot was found', async () => {
    await take(10);
    blobs.damaged.add(manifest(10));
    await fill(0, 5, 1);
    logStart = 5;
    await expect((await reopen()).restore(store.writer)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(rowsOf(store.reader())).toHaveLength(10);
  });
});

describe('on a log that others may lead', () => {
  test('a leader that was deposed and does not know it leaves its successor every chunk', async () => {
    shared = true;
    snapshots = await reopen();
    await fill(0, 300, 1);
    await take(10);
    const successor = await reopen();
    await fill(300, 310, 2);
    await successor.take(store.reader(), { position: 40, note }, 40, 30);
    const named = await chunks();
    await fill(0, 300, 5);
    // Its state is older; it names other chunks, and does not know of snapshot 40.
    await snapshots.take(store.reader(), { position: 20, note }, 20, 1);
    expect(await chunks()).toEqual(expect.arrayContaining([...named]));
    expect(await manifests()).toEqual([10, 20, 40]);
    await successor.take(store.reader(), { position: 60, note }, 60, 30);
    expect(await manifests()).toEqual([20, 40, 60]);
    expect(rowsOf(await restoreElsewhere(61))).toEqual(rowsOf(store.reader()));
  });

  test('one that has just begun to lead takes none of an older state than the newest: the log would be trimmed behind that', async () => {
    shared = true;
    await fill(0, 300, 1);
    await take(10);
    await take(40);
    const successor = await reopen();
    await successor.take(store.reader(), { position: 20, note }, 20, 50);
    expect(await manifests()).toEqual([10, 40]);
    expect(trims).toEqual([11]);
  });

  test('a restore whose snapshot is dropped meanwhile begins again with a newer one (P10)', async () => {
    await fill(0, 300, 1);
    await take(10);
    const reader = await reopen();
    await fill(0, 300, 2);
    await take(20);
    await fill(0, 300, 3);
    await take(30);
    expect(await manifests()).toEqual([20, 30]);
    const other = createMemoryStore();
    await reader.restore(other.writer);
    expect(other.reader().marker(3).position).toBe(30);
    expect(rowsOf(other.reader())).toEqual(rowsOf(store.reader()));
  });
});

describe('when one is due', () => {
  test('is decided by the bytes logged since the last one, also one of an earlier process', async () => {
    expect([snapshots.due(499), snapshots.due(500)]).toEqual([false, true]);
    await take(10, 2_000);
    expect([snapshots.due(2_499), snapshots.due(2_500)]).toEqual([false, true]);
    snapshots = await reopen();
    expect([snapshots.due(2_499), snapshots.due(2_500)]).toEqual([false, true]);
  });

  test('waits until as much was logged as the state is large', async () => {
    await fill(0, 300, 1);
    await take(10, 2_000);
    expect([snapshots.due(12_000), snapshots.due(200_000)]).toEqual([false, true]);
    snapshots = await reopen();
    expect([snapshots.due(12_000), snapshots.due(200_000)]).toEqual([false, true]);
  });

  test('is now, if the newest one is damaged', async () => {
    await take(10, 2_000);
    blobs.damaged.add(manifest(10));
    snapshots = await reopen();
    expect(snapshots.due(2_100)).toBe(true);
  });
});
