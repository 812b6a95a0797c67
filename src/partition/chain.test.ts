import { describe, expect, test } from 'vitest';
import { decodeHeader } from './record.ts';
import { foreignRecord, items, Leader, ScriptedLog } from './scripted-log.fixture.ts';

const damaged = expect.objectContaining({ code: 'LOG_DAMAGED' });

describe('which records count', () => {
  test("a given-up leader's late record does not (P8)", () => {
    const log = new ScriptedLog();
    const stalled = Leader.ready({ log });
    stalled.put('a', 'late');
    stalled.put('b', 'late');
    const entries = [stalled.take(), stalled.take()];
    const next = new Leader({ log });
    next.settle();
    for (const entry of entries) log.put(entry.bytes, entry.after);
    next.put('a', 'new');
    next.settle();
    expect(next.rows()).toMatchObject({ a: 'new' });
    expect(next.value('b')).toBeUndefined();
    stalled.answer(entries[0] as never, { kind: 'occupied' });
    stalled.answer(entries[1] as never, { kind: 'appended', position: (entries[1] as { after: number }).after + 1 });
    stalled.read();
    expect(stalled.released).toEqual([]);
    expect(stalled.fenced?.certain).toBe(true);
  });

  test('a record of another log under the same name is skipped by readers and stepped over by a new leader (P10)', () => {
    const log = new ScriptedLog();
    const leader = new Leader({ log, window: 4, shared: true });
    leader.settle();
    log.put(foreignRecord({ logId: [1, 2], epoch: 900 }, [7, 'x', ['foreign']]), log.end);
    leader.put('y', 1);
    leader.settle();
    expect(leader.released).toEqual(['y=1']);
    const reader = new Leader({ log, shared: true });
    reader.settle();
    expect(reader.rows()).toEqual({ y: 1 });
  });

  test('in a log that nobody else can write to, a record of another log is damage: log and store do not belong together', () => {
    const log = new ScriptedLog();
    const leader = new Leader({ log });
    leader.settle();
    leader.put('y', 1);
    leader.settle();
    log.put(foreignRecord({ logId: [1, 2], epoch: 900 }, [7, 'x', ['foreign']]), log.end);
    expect(() => new Leader({ log }).settle()).toThrow(damaged);
  });

  test('where more is under way, such a record stops the leader: going on would break the chain (P10)', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log });
    leader.put('y', 1);
    leader.put('y', 2);
    log.put(foreignRecord({ logId: [1, 2] }), log.end);
    leader.land();
    expect(() => leader.read()).toThrow(damaged);
  });

  test('a gap, a fork and a leadership without a beginning are damage, never applied', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log, window: 1 });
    leader.put('a', 1);
    leader.settle();
    leader.put('a', 2);
    leader.settle();
    const { records } = log;
    const read = (bytes: Uint8Array[]) => {
      const copy = new ScriptedLog();
      copy.records.push(...bytes);
      new Leader({ log: copy }).settle();
    };
    expect(() => read(records)).not.toThrow();
    expect(() => read(records.slice(0, -2).concat(records.slice(-1)))).toThrow(damaged);
    expect(() => read([...records, foreignRecord({ epoch: leader.core.epoch, link: 5 })])).toThrow(damaged);
    expect(() => read([...records, foreignRecord({ epoch: records.length })])).toThrow(damaged);
  });

  test('two who claim at the same instant do not take each other for themselves', () => {
    const log = new ScriptedLog();
    Leader.ready({ log });
    const [first, second] = [new Leader({ log }), new Leader({ log })];
    first.read();
    second.read();
    first.read();
    second.read();
    first.land();
    second.land();
    second.read();
    expect([first.core.role, second.core.role]).toEqual(['leading', 'reading']);
  });

  test('an epoch record that landed elsewhere is no leadership', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log });
    log.put(foreignRecord({ kind: 1, epoch: log.end + 5 }), log.end);
    const next = new Leader({ log });
    next.settle();
    expect(next.core.role).toBe('leading');
    expect(next.rows()).toEqual(leader.rows());
  });

  test('a log that begins after the end of the store cannot be read', () => {
    const log = new ScriptedLog();
    Leader.ready({ log });
    log.trimmedTo = 3;
    const leader = new Leader({ log });
    expect(() => leader.read()).toThrow(expect.objectContaining({ code: 'LOG_TRIMMED' }));
  });

  test('a record that writes a table of a newer version is refused', () => {
    const fresh = new ScriptedLog();
    fresh.put(foreignRecord({ kind: 1, epoch: 1 }, [1, 2, 0]), 0);
    fresh.put(foreignRecord({ link: decodeHeader(fresh.records[0] as Uint8Array, 1).checksum }, [99, 'a', [1]]), 1);
    expect(() => new Leader({ log: fresh }).settle()).toThrow(expect.objectContaining({ code: 'DATA_FORMAT' }));
  });
});

describe('numbers and time', () => {
  test('sequence numbers grow and are never given twice, over batches, leftovers and epochs (P7)', () => {
    const log = new ScriptedLog();
    const given: number[] = [];
    const draw = (leader: Leader) =>
      leader.step((tx) => {
        given.push(tx.sequence(), tx.sequence());
        tx.put(items, 'x', { value: given.length });
      });
    let leader = new Leader({ log, window: 3 });
    for (let epoch = 0; epoch < 4; epoch++) {
      leader.settle();
      for (let at = 0; at < 12; at++) {
        draw(leader);
        if (at % 3 === 0) leader.settle();
      }
      // What the next leader does not see is drawn anew, and yet never the same.
      const leftovers = leader.appends.splice(0);
      const before = given.length;
      const next = new Leader({ log, window: 3 });
      next.settle();
      draw(next);
      const slipped = leftovers.find((entry) => log.put(entry.bytes, entry.after));
      expect(slipped === undefined || slipped.after > 0).toBe(true);
      draw(next);
      next.settle();
      draw(next);
      expect(new Set(given.slice(before)).size).toBe(given.length - before);
      leader = next;
    }
    expect(new Set(given).size).toBe(given.length);
  });

  test('a sequence number that a step took which wrote nothing is not given again (P7)', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    const given: number[] = [];
    for (let at = 0; at < 4; at++) {
      leader.step((tx) => {
        given.push(tx.sequence());
        tx.emit('told');
        if (at === 2) tx.put(items, 'x', { value: at });
      });
      leader.settle();
    }
    expect(new Set(given).size).toBe(4);
  });

  test('within a leadership sequence numbers only grow, whether records are sealed or wait', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), window: 2 });
    const given: number[] = [];
    for (let at = 0; at < 40; at++) {
      leader.step((tx) => {
        for (let count = 0; count < 700; count++) given.push(tx.sequence());
        tx.put(items, 'x', { value: at });
      });
      if (at % 7 === 0) leader.land();
    }
    expect(given.every((number, at) => at === 0 || number > (given[at - 1] as number))).toBe(true);
  });

  test("record time never goes back: not with the clock, not over leaders, not below a message's (D1)", () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log, now: 5_000 });
    const times: number[] = [];
    const note = (each: Leader) => each.step((tx) => times.push(tx.time));
    note(leader);
    leader.now = 1_000;
    note(leader);
    leader.step((tx) => {
      tx.notBefore(9_000);
      times.push(tx.time);
      tx.put(items, 'a', { value: 1 });
    });
    leader.settle();
    const next = new Leader({ log, now: 2_000 });
    next.settle();
    note(next);
    next.now = 9_500;
    note(next);
    expect(times).toEqual([5_000, 5_000, 9_000, 9_000, 9_500]);
  });
});
