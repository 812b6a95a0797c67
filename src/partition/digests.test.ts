import { describe, expect, test } from 'vitest';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import type { Blobs, Log } from '../engine/engine.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { StoreReader } from '../store/store.ts';
import { Digests } from './digests.ts';
import { rarely } from './host.fixture.ts';
import { PartitionHost } from './host.ts';
import { items, others, ScriptedLog } from './scripted-log.fixture.ts';
import { TableSet } from './table.ts';

const sharedLog = (log: ScriptedLog): Log => ({
  shared: true,
  append: async (bytes, after) =>
    log.put(bytes, after) ? { kind: 'appended', position: after + 1 } : { kind: 'occupied' },
  read: async (from) => log.read(from),
  end: async () => log.end,
  start: async () => 1,
  trim: async () => {},
});

const memoryBlobs = (): Blobs => {
  const stored = new Map<string, Uint8Array>();
  return {
    put: async (name, bytes) => void stored.set(name, bytes),
    get: async (name) => stored.get(name),
    list: async (prefix) => [...stored.keys()].filter((name) => name.startsWith(prefix)).sort(),
    delete: async (name) => void stored.delete(name),
  };
};

/** A cluster of replicas over one log; time goes on only by `until`. */
class Cluster {
  readonly env = manualEnv();
  readonly log = new ScriptedLog();
  readonly blobs = memoryBlobs();

  replica(begin: 'lead' | 'follow', store = createMemoryStore()): Replica {
    return new Replica(this, begin, store);
  }

  async until(condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns > 20_000) throw new Error('It never came to that.');
      await new Promise((resolve) => setImmediate(resolve));
      this.env.advance(1);
    }
  }
}

class Replica {
  readonly store: ReturnType<typeof createMemoryStore>;
  readonly failures: unknown[] = [];
  readonly cluster: Cluster;
  readonly #begin: 'lead' | 'follow';
  host!: PartitionHost<string>;

  constructor(cluster: Cluster, begin: 'lead' | 'follow', store: ReturnType<typeof createMemoryStore>) {
    this.cluster = cluster;
    this.#begin = begin;
    this.store = store;
  }

  async open(): Promise<this> {
    const { env, log, blobs } = this.cluster;
    const reader: StoreReader = this.store.reader();
    this.failures.length = 0;
    this.host = await PartitionHost.open<string>({
      core: {
        partition: 0,
        window: 2,
        carefulWindow: 2,
        shared: true,
        store: reader,
        tables: new TableSet([items, others]),
        newLogId: [1, env.emitted.length],
        begin: this.#begin,
      },
      log: sharedLog(log),
      reader,
      openSnapshotReader: () => this.store.reader(),
      writer: this.store.writer,
      blobs,
      env,
      release: () => {},
      onLeading: () => {},
      onFenced: () => {},
      onFailed: (error) => void this.failures.push(error),
      onProgress: () => {},
      checkpoints: { ...rarely, checkpointDirtyRows: 3, snapshotLogBytes: 1 },
    });
    return this;
  }

  put(...keys: readonly string[]): void {
    this.host.transact((tx) => {
      for (const key of keys) tx.put(items, key, { value: key });
    });
    this.host.endTurn();
  }

  rows(): readonly unknown[] {
    return [...this.host.core.scan(items)];
  }
}

const compared = (cluster: Cluster): number => cluster.env.emitted.filter(({ name }) => name === 'digest.same').length;

/** A leader and a standby that have compared a digest. */
const comparedOnce = async () => {
  const cluster = new Cluster();
  const leader = await cluster.replica('lead').open();
  const standby = await cluster.replica('follow').open();
  await cluster.until(() => leader.host.core.role === 'leading');
  leader.put('a', 'b', 'c');
  await cluster.until(() => compared(cluster) === 1);
  return { cluster, leader, standby };
};

describe('digests', () => {
  test('of all replicas are the same at the checkpoints that the leader marks, and stand in the log', async () => {
    const cluster = new Cluster();
    const leader = await cluster.replica('lead').open();
    const standbys = [await cluster.replica('follow').open(), await cluster.replica('follow').open()];
    await cluster.until(() => leader.host.core.role === 'leading');
    for (let round = 0; compared(cluster) < 6; round++) {
      expect(round).toBeLessThan(50);
      leader.put(`a${round}`, `b${round}`, `c${round}`);
      await cluster.until(() => [leader, ...standbys].every(({ host }) => host.core.position === cluster.log.end));
      await cluster.until(() => !leader.host.core.checkpointUnderWay);
    }
    for (const { failures, host } of standbys) {
      expect(failures).toEqual([]);
      await cluster.until(() => host.core.position === cluster.log.end);
    }
    expect(standbys.map((standby) => standby.rows())).toEqual([leader.rows(), leader.rows()]);
  });

  test('that differ stop the standby with REPLICA_DIFFERS, and it fills its store again when it is opened', async () => {
    const { cluster, leader, standby } = await comparedOnce();
    // A page of the disk is not what it was.
    const good = [...standby.store.reader().scan(0, items.id, '', undefined)][0]?.[1] as Uint8Array;
    await standby.store.writer.write(0, [[items.id, 'stray', good]]);
    leader.put('d', 'e', 'f');
    await cluster.until(() => standby.failures.length > 0);
    expect(standby.failures).toMatchObject([{ code: 'REPLICA_DIFFERS', details: { partition: 0 } }]);
    await standby.host.close();
    await standby.open();
    leader.put('g', 'h', 'i');
    await cluster.until(() => compared(cluster) >= 2);
    expect(standby.failures).toEqual([]);
    expect(standby.rows()).toEqual(leader.rows());
    expect([...standby.store.reader().scan(0, items.id, '', undefined)].map(([key]) => key)).not.toContain('stray');
  });

  test('are not waited for where a row that is read is none: STORE_FAILED, and the store is filled again', async () => {
    const { cluster, leader, standby } = await comparedOnce();
    await cluster.until(() => standby.store.reader().marker(0).position > 0);
    await standby.store.writer.write(0, [[items.id, 'a', Uint8Array.of(0x92, 1)]]);
    await leader.host.close();
    standby.host.claim();
    await cluster.until(() => standby.host.core.role === 'leading');
    // What the last checkpoint flushed is not read from the store again: it is after the next one.
    standby.put('d', 'e', 'f');
    await cluster.until(() => !standby.host.core.checkpointUnderWay && standby.host.core.dirtyRows === 0);
    standby.host.transact((tx) => void tx.get(items, 'a'));
    expect(standby.failures).toMatchObject([
      { code: 'STORE_FAILED', details: { partition: 0, table: 'items', row: 'a' } },
    ]);
    await standby.host.close();
    await standby.open();
    await cluster.until(() => standby.host.core.position === cluster.log.end);
    expect(standby.failures).toEqual([]);
    expect(standby.rows().slice(0, 2)).toEqual([
      ['a', { value: 'a' }],
      ['b', { value: 'b' }],
    ]);
    expect(standby.store.reader().get(0, items.id, 'a')).not.toEqual(Uint8Array.of(0x92, 1));
  });

  test('are published by a leader only as it made them as leader', () => {
    const rows = new Map<string, unknown>();
    const tx = {
      put: (_table: unknown, key: string, row: unknown) => void rows.set(key, row),
      delete: (_table: unknown, key: string) => void rows.delete(key),
      scan: () => [],
    };
    const digests = new Digests(0);
    // Nobody led at that checkpoint for long enough to publish another.
    digests.made(5, { scan: 'all', hash: 'as a standby' });
    digests.write(tx, 9, { scan: 'all', hash: 'as leader' });
    expect([...rows.values()]).toEqual([{ scan: 'all', hash: 'as leader' }]);
    digests.write(tx, 12, { scan: 'all', hash: 'later' });
    expect(rows.size).toBe(2);
  });
});
