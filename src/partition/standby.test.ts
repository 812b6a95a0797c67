import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../store/memory-store.ts';
import { items, Leader, leaderOf, lookAgain, ScriptedLog, type Store, standby } from './scripted-log.fixture.ts';

const checkpoint = (leader: Leader): void => {
  leader.core.checkpoint();
  leader.pump();
  leader.settle();
};

const stored = (store: Store): Record<string, unknown> =>
  Object.fromEntries(store.reader().scan(0, items.id, '', undefined));

describe('a standby', () => {
  test('applies what the leader appended, and appends nothing', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    leader.put('a', 1);
    leader.settle();
    const follower = standby(log);
    lookAgain(follower);
    leader.put('b', 2);
    leader.settle();
    lookAgain(follower);
    expect([...follower.core.scan(items)]).toEqual([...leader.core.scan(items)]);
    expect([follower.core.role, follower.core.position, follower.appends]).toEqual(['following', log.end, []]);
    expect(follower.stood).toEqual(Array.from({ length: log.end }, (_, at) => at + 1));
  });

  test('flushes exactly what its leader flushes at each checkpoint: the same bytes', async () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    for (const value of [1, 2]) {
      leader.put('a', value);
      leader.put(`only${value}`, value);
      leader.step((tx) => tx.delete(items, 'only1'));
      checkpoint(leader);
      leader.put('a', 'later');
      leader.settle();
      lookAgain(follower);
      expect(follower.flushes.map(({ position }) => position)).toEqual(leader.flushes.map(({ position }) => position));
      await leader.flush();
      await follower.flush();
      expect(stored(follower.store)).toEqual(stored(leader.store));
      expect(follower.store.reader().marker(0).position).toBe(leader.store.reader().marker(0).position);
    }
  });

  test('applies no further than to the next checkpoint while it flushes one, and then goes on', async () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    const at: number[] = [];
    for (const value of [1, 2, 3]) {
      leader.put('a', value);
      checkpoint(leader);
      at.push(leader.flushes[0]?.position as number);
      await leader.flush();
    }
    lookAgain(follower);
    expect([follower.core.position, follower.flushes.length]).toEqual([at[1], 1]);
    lookAgain(follower);
    expect(follower.core.position).toBe(at[1]);
    for (const position of at) {
      expect(follower.flushes[0]?.position).toBe(position);
      await follower.flush();
      lookAgain(follower);
    }
    expect([follower.core.position, [...follower.core.scan(items, 'a', 'b')]]).toEqual([
      log.end,
      [['a', { value: 3 }]],
    ]);
  });

  test('takes no row of a checkpoint that a crash cut short for one of its own, even if it leaves that one out (C2)', async () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    leader.put('x', 1);
    checkpoint(leader);
    // It leads, without that checkpoint, and dies while it flushes the next one.
    const store = createMemoryStore();
    const second = new Leader({ log, shared: true, store, window: 4, newLogId: [78, 1] });
    second.settle();
    second.put('y', 1);
    second.put('z', 1);
    second.settle();
    checkpoint(second);
    await second.flush(6, 1);
    expect([store.reader().marker(0).position, Object.keys(stored(store)).includes('y')]).toEqual([0, true]);
    second.step((tx) => tx.delete(items, 'y'));
    second.settle();
    const follower = standby(log, { store });
    lookAgain(follower);
    expect(follower.flushes.length).toBe(1);
    follower.core.claim();
    follower.pump();
    follower.settle();
    await follower.flush();
    checkpoint(follower);
    await follower.flush();
    expect([...follower.core.scan(items)]).toEqual([...second.core.scan(items)]);
    expect(Object.keys(stored(store))).toEqual(['warm0', 'warm1', 'warm2', 'warm3', 'x', 'z']);
  });

  test('takes none of them either once an earlier checkpoint was flushed over them (C2)', async () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    for (const key of ['w', 'x']) {
      leader.put(key, 1);
      checkpoint(leader);
      await leader.flush();
    }
    // It leads, without those checkpoints, and dies while it flushes the next one.
    const store = createMemoryStore();
    const second = new Leader({ log, shared: true, store, window: 4, newLogId: [78, 1] });
    second.settle();
    second.put('y', 1);
    second.settle();
    checkpoint(second);
    await second.flush(7, 1);
    expect(Object.keys(stored(store))).toContain('y');
    second.step((tx) => tx.delete(items, 'y'));
    second.settle();
    // The next run gets as far as the first checkpoint, and the one after that leaves out the one that was cut short.
    const third = standby(log, { store });
    lookAgain(third);
    await third.flush();
    expect(store.reader().marker(0).position).toBeLessThan(second.core.position);
    const fourth = standby(log, { store });
    lookAgain(fourth);
    fourth.core.claim();
    fourth.pump();
    fourth.settle();
    await fourth.flush();
    expect([...fourth.core.scan(items)]).toEqual([...second.core.scan(items)]);
  });

  test('that is told to claim reads to the end, leads, and lets a flush that is under way end', async () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    for (const value of [1, 2]) {
      leader.put('a', value);
      checkpoint(leader);
      await leader.flush();
    }
    lookAgain(follower);
    leader.put('a', 3);
    leader.settle();
    expect(follower.core.claim()).toBe(true);
    expect(follower.core.claim()).toBe(false);
    follower.pump();
    follower.settle();
    expect([follower.core.role, follower.value('a'), follower.core.checkpointUnderWay]).toEqual(['leading', 3, true]);
    await follower.flush();
    expect(follower.core.checkpointUnderWay).toBe(false);
    follower.put('a', 4);
    leader.put('a', 'nobody sees it');
    follower.settle();
    leader.settle();
    expect([follower.released, leader.fenced?.certain]).toEqual([['a=4'], true]);
  });

  test('that is beaten to its claim follows the one who was faster (P9)', () => {
    const log = new ScriptedLog();
    leaderOf(log);
    const [first, second] = [standby(log), standby(log, { newLogId: [77, 2] })];
    for (const each of [first, second]) {
      lookAgain(each);
      each.core.claim();
      each.pump();
      each.read();
    }
    first.land();
    second.land();
    second.read();
    expect([first.core.role, second.core.role]).toEqual(['leading', 'following']);
    expect(second.told).toEqual([{ kind: 'beaten', epoch: first.core.epoch }]);
    first.put('a', 1);
    first.settle();
    second.settle();
    lookAgain(second);
    expect([[...second.core.scan(items, 'a', 'b')], first.fenced]).toEqual([[['a', { value: 1 }]], undefined]);
  });

  test('that is told how far the log reaches reads so far, and looks for nothing behind that', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    for (let looks = 0; looks < 6; looks++) lookAgain(follower);
    leader.put('a', 1);
    leader.settle();
    follower.core.told(log.end);
    follower.pump();
    follower.read();
    expect([follower.core.position, follower.reads, follower.waits.at(-1)]).toEqual([log.end, [], false]);
    for (const to of [log.end, log.end - 1]) follower.core.told(to);
    follower.pump();
    expect(follower.reads).toEqual([]);
  });

  test('that is told nothing looks again soon while the log grows, and rarely when it does not (R7)', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    const waits = (): readonly boolean[] => {
      for (let looks = 0; looks < 6; looks++) lookAgain(follower);
      return follower.waits.splice(0);
    };
    const soonThenRarely = [true, true, true, true, true, false];
    expect(waits()).toEqual(soonThenRarely);
    leader.put('a', 1);
    leader.settle();
    expect(waits()).toEqual(soonThenRarely);
    expect(follower.core.position).toBe(log.end);
  });

  test('that is told of more than it can read looks again soon, and applies it when it comes (R7)', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = standby(log);
    for (let looks = 0; looks < 6; looks++) lookAgain(follower);
    follower.core.told(log.end + 1);
    lookAgain(follower);
    lookAgain(follower);
    expect(follower.waits.slice(-3)).toEqual([false, true, true]);
    leader.put('a', 1);
    leader.settle();
    lookAgain(follower);
    lookAgain(follower);
    expect([follower.core.position, follower.waits.at(-1)]).toEqual([log.end, false]);
  });

  test('under which the log is trimmed says so (P10)', () => {
    const log = new ScriptedLog();
    leaderOf(log);
    const follower = standby(log);
    log.trimmedTo = 3;
    expect(() => follower.read()).toThrow(expect.objectContaining({ code: 'LOG_TRIMMED' }));
  });
});

describe('a claim of one who has others to ask', () => {
  const surveying = (log: ScriptedLog): Leader => {
    const follower = standby(log, { surveys: true });
    lookAgain(follower);
    follower.core.claim();
    follower.pump();
    follower.read();
    return follower;
  };

  test('waits for what they know, and for the log to show it (P4)', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const follower = surveying(log);
    expect([follower.surveys, follower.appends]).toEqual([1, []]);
    follower.core.poll();
    follower.pump();
    expect(follower.reads).toEqual([]);
    follower.core.surveyed(log.end + 2, 0);
    follower.pump();
    follower.read();
    expect([follower.core.role, follower.appends]).toEqual(['reading', []]);
    leader.put('a', 1);
    leader.put('a', 2);
    leader.settle();
    follower.core.poll();
    follower.pump();
    follower.settle();
    expect([follower.core.role, follower.value('a'), follower.surveys]).toEqual(['leading', 2, 1]);
  });

  test('asks anew after another was faster', () => {
    const log = new ScriptedLog();
    leaderOf(log);
    const follower = surveying(log);
    follower.core.surveyed(log.end, 0);
    follower.pump();
    follower.read();
    const faster = new Leader({ log, shared: true, newLogId: [80, 1] });
    faster.settle();
    follower.land();
    follower.read();
    expect(follower.core.role).toBe('following');
    follower.settle();
    follower.core.claim();
    follower.pump();
    while (follower.reads.length > 0) follower.read();
    expect([follower.surveys, follower.appends]).toEqual([2, []]);
  });
});

test('an idle leader confirms itself by an empty record, and one that was deposed learns of it', () => {
  const log = new ScriptedLog();
  const leader = leaderOf(log);
  const before = log.end;
  leader.core.confirm();
  leader.core.confirm();
  leader.pump();
  expect(leader.appends.length).toBe(1);
  leader.settle();
  expect([log.end, leader.fenced]).toEqual([before + 1, undefined]);
  const next = new Leader({ log, shared: true, newLogId: [80, 1] });
  next.settle();
  leader.core.confirm();
  leader.pump();
  leader.settle();
  expect(leader.fenced).toEqual({ certain: true, dropped: [] });
});
