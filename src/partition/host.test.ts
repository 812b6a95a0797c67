import { describe, expect, test } from 'vitest';
import { HostRig, ReluctantStore, rarely } from './host.fixture.ts';

const opened = async (checkpoints: Partial<typeof rarely> = {}): Promise<HostRig> => {
  const rig = new HostRig();
  rig.checkpoints = { ...rarely, ...checkpoints };
  await rig.open();
  return rig;
};
const stored = (rig: HostRig): string[] => Array.from(rig.store.reader().scan(0, 7, '', undefined), ([key]) => key);

describe('a checkpoint', () => {
  test('flushes exactly the state at its record: not what was written while it was under way, and that is not lost', async () => {
    const rig = await opened({ checkpointDirtyRows: 2 });
    rig.store.hold();
    rig.put(['a', 1], ['b', 1]);
    await rig.until(() => rig.store.held > 0);
    const { position } = rig.host.core;
    rig.put(['a', 2], ['c', 2]);
    await rig.until(() => rig.released.includes('c=2'));
    rig.store.letGo();
    await rig.until(() => rig.store.marks.length > 0);
    expect(rig.store.marks[0]).toBe(position);
    expect(rig.store.slices.slice(0, 1).map((slice) => slice.map(([, key]) => key))).toEqual([['a', 'b']]);
    await rig.until(() => !rig.host.core.checkpointUnderWay);
    expect(rig.rows()).toEqual({ a: 2, b: 1, c: 2 });
    rig.kill();
    await rig.open();
    expect(rig.rows()).toEqual({ a: 2, b: 1, c: 2 });
  });

  test('is due by rows, by log bytes, or by time', async () => {
    const byRows = await opened({ checkpointDirtyRows: 3 });
    byRows.put(['a', 1], ['b', 1]);
    expect(byRows.host.core.checkpointUnderWay).toBe(false);
    byRows.put(['c', 1]);
    expect(byRows.host.core.checkpointUnderWay).toBe(true);
    const byBytes = await opened({ checkpointLogBytes: 2_000 });
    let loggedBytes = 0;
    for (let step = 0; byBytes.events('checkpoint.done').length === 0; step++) {
      loggedBytes = byBytes.host.core.logBytesSinceCheckpoint;
      byBytes.put(['a', step]);
      await byBytes.until(() => byBytes.released.includes(`a=${step}`) && !byBytes.host.core.checkpointUnderWay);
    }
    expect(loggedBytes).toBeGreaterThan(1_800);
    expect(loggedBytes).toBeLessThan(2_000);
    const byTime = await opened({ checkpointIntervalMs: 500 });
    byTime.put(['a', 1]);
    byTime.env.advance(499);
    byTime.host.endTurn();
    expect(byTime.host.core.checkpointUnderWay).toBe(false);
    byTime.env.advance(1);
    byTime.host.endTurn();
    expect(byTime.host.core.checkpointUnderWay).toBe(true);
  });

  test.each(['STORE_FULL', 'STORE_FAILED'] as const)(
    'that the store refuses with %s is tried again every second, while everything else goes on',
    async (code) => {
      const rig = await opened({ checkpointDirtyRows: 3 });
      rig.store.refuses = code;
      rig.put(['a', 1], ['b', 1], ['c', 1]);
      await rig.until(() => rig.events('checkpoint.failed').length === 1);
      rig.put(['d', 1]);
      await rig.until(() => rig.released.includes('d=1'));
      rig.env.advance(999);
      await rig.until(() => true);
      expect(rig.events('checkpoint.failed')).toMatchObject([{ error: { code } }]);
      rig.env.advance(1);
      await rig.until(() => rig.events('checkpoint.failed').length === 2);
      rig.store.refuses = undefined;
      rig.env.advance(1_000);
      await rig.until(() => rig.events('checkpoint.done').length === 1);
      expect(stored(rig)).toEqual(['a', 'b', 'c']);
      expect(rig.rows()).toEqual({ a: 1, b: 1, c: 1, d: 1 });
      expect(rig.failures).toEqual([]);
    },
  );
});

describe('closing', () => {
  test('flushes what there is, so that the next opening reads no records again', async () => {
    const rig = await opened();
    rig.put(['a', 1]);
    await rig.close();
    expect(stored(rig)).toEqual(['a']);
    expect(rig.store.marks).toEqual([rig.host.core.position]);
    await rig.open();
    expect(rig.rows()).toEqual({ a: 1 });
  });

  test('waits for a flush that is under way', async () => {
    const rig = await opened({ checkpointDirtyRows: 1 });
    rig.store.hold();
    rig.put(['a', 1]);
    await rig.until(() => rig.store.held > 0);
    let closed = false;
    const closing = rig.close().then(() => {
      closed = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([closed, rig.store.marks]).toEqual([false, []]);
    rig.store.letGo();
    await closing;
    expect(rig.store.marks).toHaveLength(1);
  });

  test('does not wait for a store that refuses: the log has everything', async () => {
    const rig = await opened({ checkpointDirtyRows: 1 });
    rig.store.refuses = 'STORE_FULL';
    rig.put(['a', 1]);
    await rig.until(() => rig.events('checkpoint.failed').length === 1);
    await rig.close();
    rig.store.refuses = undefined;
    expect(rig.store.marks).toEqual([]);
    await rig.open();
    expect(rig.rows()).toEqual({ a: 1 });
  });

  test('on a full disk lets go of what was never acknowledged once the log is closed, and of nothing else', async () => {
    const rig = await opened();
    rig.put(['a', 1]);
    await rig.until(() => rig.released.includes('a=1'));
    rig.disk.failWrite = () => 'ENOSPC';
    rig.put(['b', 1]);
    for (; rig.log.stalled === undefined; rig.env.advance(10)) await new Promise((resolve) => setImmediate(resolve));
    expect(rig.log.stalled).toEqual({ code: 'ENOSPC' });
    const closing = rig.host.close();
    await rig.log.close();
    await closing;
    expect([rig.released, rig.failures]).toEqual([['a=1'], []]);
    rig.disk.failWrite = () => undefined;
    await rig.open();
    expect(rig.rows()).toMatchObject({ a: 1 });
  });
});

describe('snapshots', () => {
  const often = { checkpointDirtyRows: 1, snapshotLogBytes: 1 };
  /** Writes and flushes until `condition` holds. */
  const workUntil = async (rig: HostRig, condition: () => boolean): Promise<void> => {
    for (let step = 0; !condition(); step++) {
      rig.put([`row${step % 50}`, step]);
      await rig.until(() => rig.released.includes(`row${step % 50}=${step}`) && !rig.host.core.checkpointUnderWay);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const takeSnapshots = (rig: HostRig, count: number): Promise<void> =>
    workUntil(rig, () => rig.events('snapshot.done').length >= count);

  test('and what was logged since refill a store that is gone, when the log no longer reaches back to its beginning', async () => {
    const rig = await opened(often);
    await workUntil(rig, () => rig.events('log.segments_released').length > 0);
    rig.put(['last', 1]);
    await rig.until(() => rig.released.includes('last=1'));
    const before = rig.rows();
    rig.kill();
    rig.store = new ReluctantStore();
    await rig.open();
    expect(rig.events('snapshot.restored')).toHaveLength(1);
    expect(rig.rows()).toEqual(before);
  });

  test('that are ahead of the log say that acknowledged records are missing, also when the store is gone with them (P4)', async () => {
    const rig = await opened(often);
    await takeSnapshots(rig, 2);
    await rig.close();
    for (const name of rig.disk.names().filter((file) => file.endsWith('.seg')))
      rig.disk.replace(name, Buffer.alloc(0));
    const [newest] = rig.events('snapshot.done').slice(-1);
    rig.store = new ReluctantStore();
    await expect(rig.open()).rejects.toMatchObject({
      code: 'LOG_DAMAGED',
      details: { end: 0, kept: newest?.position },
    });
  });

  test('are taken one at a time, however fast the checkpoints come', async () => {
    // Small chunks make them slow.
    const rig = await opened({ ...often, snapshotChunkBytes: 20 });
    await takeSnapshots(rig, 4);
    expect([rig.snapshotsAtOnce, rig.events('snapshot.failed')]).toEqual([1, []]);
  });

  test('that cannot be written change nothing: the next one is tried with a later checkpoint', async () => {
    const rig = await opened(often);
    rig.disk.failWrite = (file) => (file.startsWith('/blobs') ? 'ENOSPC' : undefined);
    rig.put(['a', 1]);
    await rig.until(() => rig.events('snapshot.failed').length === 1);
    rig.disk.failWrite = () => undefined;
    await takeSnapshots(rig, 1);
    expect([rig.failures, rig.events('snapshot.failed').length]).toEqual([[], 1]);
  });

  test('are due after so many logged bytes, whatever number of processes wrote them', async () => {
    const rig = await opened({ snapshotLogBytes: 2_000 });
    let lives = 0;
    for (; rig.events('snapshot.done').length === 0; lives++) {
      rig.put([`life${lives}`, lives], [`more${lives}`, lives]);
      await rig.until(() => rig.released.includes(`more${lives}=${lives}`));
      rig.checkpoints = { ...rig.checkpoints, checkpointDirtyRows: 1 };
      rig.host.endTurn();
      await rig.close();
      await rig.open();
      rig.put(['again', lives]);
      await rig.until(() => !rig.host.core.checkpointUnderWay);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(lives).toBeGreaterThan(3);
    expect(lives).toBeLessThan(40);
  });
});

describe('opening', () => {
  test('is refused when the log ends before what the store has of it: acknowledged records are missing (P4)', async () => {
    const rig = await opened();
    rig.put(['a', 1]);
    await rig.close();
    const { store } = rig;
    const other = new HostRig();
    other.store = store;
    await expect(other.open()).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { end: 0 } });
  });

  test('begins where the store ends: slices that a kill cut off before their marker are overwritten', async () => {
    const rig = await opened({ checkpointDirtyRows: 4 });
    rig.put(['a', 1], ['b', 1]);
    await rig.until(() => rig.released.includes('b=1'));
    rig.put(['a', 2], ['c', 2], ['d', 2]);
    await rig.until(() => rig.released.includes('d=2'));
    await rig.until(() => rig.store.slices.length > 0);
    rig.kill();
    await rig.open();
    expect(rig.rows()).toEqual({ a: 2, b: 1, c: 2, d: 2 });
  });
});
