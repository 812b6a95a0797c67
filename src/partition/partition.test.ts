import { describe, expect, test } from 'vitest';
import { decodeHeader } from './record.ts';
import { foreignRecord, items, Leader, others, ScriptedLog } from './scripted-log.fixture.ts';

const damaged = expect.objectContaining({ code: 'LOG_DAMAGED' });

describe('claiming', () => {
  test('a leader leads once its epoch record is in the log, and its epoch is where that stands', () => {
    const log = new ScriptedLog();
    const leader = new Leader({ log });
    leader.read();
    expect(leader.core.role).toBe('claiming');
    leader.land();
    expect([leader.core.role, leader.core.epoch]).toEqual(['leading', 1]);
    const next = new Leader({ log });
    next.settle();
    expect(next.core.epoch).toBe(2);
  });

  test('a claim whose answer was lost is found by reading, and sent again only as the same bytes', () => {
    const log = new ScriptedLog();
    const leader = new Leader({ log });
    leader.read();
    const claim = leader.take();
    leader.answer(claim, { kind: 'unknown' });
    leader.read();
    expect(leader.appends).toEqual([claim]);
    log.put(claim.bytes, claim.after);
    leader.land();
    expect(leader.core.role).toBe('claiming');
    leader.read();
    expect([leader.core.role, leader.core.epoch]).toEqual(['leading', 1]);
  });

  test('one who is beaten to it reads on and claims anew', () => {
    const log = new ScriptedLog();
    const first = new Leader({ log });
    const second = new Leader({ log, newLogId: [33, 44] });
    first.read();
    second.read();
    first.land();
    second.settle();
    expect(second.core.epoch).toBe(2);
    first.put('a', 1);
    first.settle();
    expect(first.fenced).toEqual({ certain: true, dropped: ['a=1'] });
  });
});

describe('orphaned pipelines (P1)', () => {
  /** L1 has A, B, C under way after position `end`; L2 takes the next position. */
  const deposed = () => {
    const log = new ScriptedLog();
    const first = Leader.ready({ log, window: 4 });
    for (const key of ['A', 'B', 'C']) first.put(key, 1);
    const second = new Leader({ log, window: 4 });
    second.settle();
    return { log, first, second, leftovers: [first.take(), first.take(), first.take()] as const };
  };

  test('a new leader sends one record at a time and steps over what an older one had under way', () => {
    const { log, first, second, leftovers } = deposed();
    const [a, b, c] = leftovers;
    for (const value of [1, 2, 3]) second.put('x', value);
    expect(second.appends.length).toBe(1);
    expect(log.put(a.bytes, a.after)).toBe(false);
    expect(log.put(b.bytes, b.after)).toBe(true);
    second.land();
    second.read();
    expect(log.put(c.bytes, c.after)).toBe(true);
    second.land();
    second.read();
    expect(second.released).toEqual([]);
    second.settle();
    expect(second.released).toEqual(['x=1', 'x=2', 'x=3']);
    first.answer(a, { kind: 'occupied' });
    first.read();
    expect(first.fenced).toEqual({ certain: true, dropped: ['A=1', 'B=1', 'C=1'] });
    const third = new Leader({ log, window: 4 });
    third.settle();
    expect(third.value('x')).toBe(3);
    expect(third.value('B')).toBeUndefined();
  });

  test('a leftover at the very end of the range breaks no chain: its position is resolved before the next is sent', () => {
    const log = new ScriptedLog();
    const first = Leader.ready({ log, window: 3 });
    for (const key of ['A', 'B', 'C']) first.put(key, 1);
    const second = new Leader({ log, window: 3 });
    second.settle();
    // The range ends two positions after the epoch record. One is taken as it should be, then C lands at the last.
    second.put('x', 1);
    second.settle();
    const [, , c] = [first.take(), first.take(), first.take()];
    second.put('x', 2);
    second.put('x', 3);
    expect(second.appends.length).toBe(1);
    expect(log.put(c.bytes, c.after)).toBe(true);
    second.settle();
    expect(second.released).toEqual(['x=1', 'x=2', 'x=3']);
    const third = new Leader({ log, window: 3 });
    third.settle();
    expect(third.value('x')).toBe(3);
  });

  test('beyond the range the window is used, and never more than that', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), window: 3 });
    for (let at = 0; at < 10; at++) leader.put('x', at);
    expect(leader.appends.length).toBe(3);
    leader.land();
    expect(leader.appends.length).toBe(3);
    leader.settle();
    expect(leader.released.at(-1)).toBe('x=9');
  });
});

describe('the gate (P2)', () => {
  test('answers to repeats, refusals and "not found" wait for the writes they may have seen', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    leader.put('request', 'applied');
    leader.say('repeat: applied');
    leader.step((tx) => tx.emit(`other: ${tx.get(items, 'other') === undefined ? 'not found' : 'found'}`));
    expect(leader.released).toEqual([]);
    leader.settle();
    expect(leader.released).toEqual(['request=applied', 'repeat: applied', 'other: not found']);
    leader.say('nothing is under way');
    expect(leader.released.at(-1)).toBe('nothing is under way');
  });

  test('nothing of a batch that never lands is let out: the leader falls first', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log });
    leader.put('request', 'applied');
    leader.say('repeat: applied');
    leader.step((tx) => tx.emitSettled('a grant'));
    const second = new Leader({ log });
    second.settle();
    leader.settle();
    expect(leader.released).toEqual(['a grant']);
    expect(leader.fenced).toEqual({ certain: true, dropped: ['request=applied', 'repeat: applied'] });
    expect(second.value('request')).toBeUndefined();
    expect(() => leader.put('x', 1)).toThrow(expect.objectContaining({ code: 'LOG_FENCED' }));
  });

  test('a later record is acknowledged only after every older one, whatever order answers come in', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    leader.put('a', 1);
    leader.put('b', 2);
    const [a, b] = [leader.take(), leader.take()];
    leader.log.put(a.bytes, a.after);
    leader.log.put(b.bytes, b.after);
    leader.answer(b, { kind: 'appended', position: b.after + 1 });
    expect(leader.released).toEqual([]);
    leader.answer(a, { kind: 'appended', position: a.after + 1 });
    expect(leader.released).toEqual(['a=1', 'b=2']);
  });

  test('on a shared log an answer leaves only after an append that began later', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), shared: true });
    leader.say('read');
    leader.step((tx) => tx.emitSettled('a grant'));
    expect(leader.released).toEqual([]);
    expect(leader.appends.length).toBe(2);
    leader.settle();
    expect(leader.released).toEqual(['read', 'a grant']);
  });

  test('on a shared log an answer does not ride on a record that was sent before it', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), shared: true, window: 1, carefulWindow: 1 });
    leader.put('x', 1);
    leader.say('read');
    leader.land();
    expect(leader.released).toEqual(['x=1']);
    leader.land();
    expect(leader.released).toEqual(['x=1', 'read']);
  });

  test('what is written while the window is full goes out when a read shows that the oldest record had landed', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), window: 1, carefulWindow: 1 });
    leader.put('x', 1);
    leader.put('x', 2);
    const entry = leader.take();
    leader.log.put(entry.bytes, entry.after);
    leader.answer(entry, { kind: 'unknown' });
    leader.read();
    expect(leader.appends.length).toBe(1);
    leader.settle();
    expect(leader.released).toEqual(['x=1', 'x=2']);
  });

  test('large writes make several records, and what is said after them waits for the last', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), window: 1, carefulWindow: 1 });
    leader.put('first', 1);
    const text = 'x'.repeat(700_000);
    leader.core.transact(leader.now, (tx) => tx.emit('early'));
    for (let at = 0; at < 6; at++) leader.put(`large${at}`, text, `large${at}`);
    leader.say('seen');
    expect(leader.core.heldOutputs).toBe(9);
    leader.settle();
    expect(leader.released.at(-1)).toBe('seen');
    expect(leader.released.length).toBe(9);
    expect(Math.max(...leader.log.records.map((bytes) => bytes.length))).toBeLessThan(2_000_000);
  });
});

describe('what an append says proves nothing (P3)', () => {
  test('a dropped record and a refused one after it are read, oldest first, and sent again as the same bytes', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    leader.put('a', 1);
    leader.put('b', 2);
    const [a, b] = [leader.take(), leader.take()];
    leader.answer(b, { kind: 'occupied' });
    expect(leader.reads).toEqual([]);
    leader.answer(a, { kind: 'unknown' });
    expect(leader.reads).toEqual([a.after + 1]);
    leader.read();
    expect(leader.appends).toEqual([a]);
    leader.land();
    expect(leader.released).toEqual(['a=1']);
    leader.read();
    expect(leader.appends).toEqual([b]);
    leader.settle();
    expect(leader.released).toEqual(['a=1', 'b=2']);
    expect(leader.fenced).toBeUndefined();
  });

  test('a refused repeat has met its own first attempt', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    leader.put('a', 1);
    const a = leader.take();
    leader.answer(a, { kind: 'unknown' });
    leader.read();
    leader.log.put(a.bytes, a.after);
    leader.land();
    expect(leader.released).toEqual([]);
    leader.read();
    expect(leader.released).toEqual(['a=1']);
  });

  test('an answer that names another position proves nothing either', () => {
    const leader = Leader.ready({ log: new ScriptedLog() });
    leader.put('a', 1);
    const a = leader.take();
    leader.answer(a, { kind: 'appended', position: a.after + 5 });
    expect(leader.released).toEqual([]);
    leader.settle();
    expect(leader.released).toEqual(['a=1']);
  });

  test('below the first retained position a leader is fenced and nothing is certain', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log });
    leader.put('a', 1);
    leader.answer(leader.take(), { kind: 'unknown' });
    log.trimmedTo = 1_000;
    leader.read();
    expect(leader.fenced).toEqual({ certain: false, dropped: ['a=1'] });
  });
});

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
    const leader = new Leader({ log, window: 4 });
    leader.settle();
    log.put(foreignRecord({ logId: [1, 2], epoch: 900 }, [7, 'x', ['foreign']]), log.end);
    leader.put('y', 1);
    leader.settle();
    expect(leader.released).toEqual(['y=1']);
    const reader = new Leader({ log });
    reader.settle();
    expect(reader.rows()).toEqual({ y: 1 });
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

test('a step that throws changes nothing and says nothing', () => {
  const leader = Leader.ready({ log: new ScriptedLog() });
  leader.put('a', 1);
  leader.settle();
  const length = leader.log.end;
  leader.released.length = 0;
  expect(() =>
    leader.step((tx) => {
      tx.put(items, 'a', { value: 2 });
      tx.put(items, 'b', { value: 2 });
      tx.delete(items, 'b');
      tx.delete(items, 'a');
      tx.put(others, 'a', { value: 2 });
      tx.emit('said');
      tx.emitSettled('said');
      throw new Error('bug');
    }),
  ).toThrow('bug');
  leader.say('after');
  leader.settle();
  expect([leader.value('a'), leader.value('b'), leader.log.end]).toEqual([1, undefined, length]);
  expect(leader.released).toEqual(['after']);
  leader.core.transact(leader.now, (tx) => expect(tx.get(others, 'a')).toBeUndefined());
});

test('the position that a step is told is never below that of its record, also behind batches that wait (P2, P7)', () => {
  const leader = Leader.ready({ log: new ScriptedLog(), window: 1, carefulWindow: 1 });
  const told: number[] = [];
  const sequences: number[] = [];
  const text = 'x'.repeat(1_100_000);
  for (let at = 0; at < 5; at++)
    leader.step((tx) => {
      tx.put(items, `large${at}`, { value: text });
      told.push(tx.writingAt);
      sequences.push(tx.sequence());
      tx.emit(String(at));
    });
  const at: number[] = [];
  for (let seen = 0; leader.appends.length > 0; ) {
    leader.land();
    for (; seen < leader.released.length; seen++) at.push(leader.core.acknowledged);
  }
  expect(at).toEqual(told);
  expect(new Set(sequences).size).toBe(5);
});

test('a checkpoint that a crash cut short leaves nothing of rows that were removed later', async () => {
  const log = new ScriptedLog();
  const first = Leader.ready({ log, window: 1 });
  first.put('x1', 1);
  first.put('x2', 1);
  first.core.checkpoint();
  first.pump();
  first.settle();
  await first.flush(1, 12);
  expect([...first.store.reader().scan(0, items.id, 'x', undefined)].length).toBe(2);
  first.step((tx) => {
    tx.delete(items, 'x1');
    tx.delete(items, 'x2');
  });
  first.settle();
  const next = new Leader({ log, store: first.store });
  next.settle();
  expect(Object.keys(next.rows()).filter((key) => key.startsWith('x'))).toEqual([]);
  expect(next.value('x1')).toBeUndefined();
});
