import { describe, expect, test } from 'vitest';
import { Leader, ScriptedLog } from './scripted-log.fixture.ts';

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
    expect(leader.appends).toEqual([a, b]);
    leader.land();
    expect(leader.released).toEqual(['a=1']);
    leader.settle();
    expect(leader.released).toEqual(['a=1', 'b=2']);
    expect(leader.fenced).toBeUndefined();
  });

  test('while records that were refused are sent again nothing new is sent; then the window is used as before (W5)', () => {
    const leader = Leader.ready({ log: new ScriptedLog(), window: 3 });
    for (const key of ['a', 'b', 'c', 'd']) leader.put(key, 1);
    const [a, b, c] = [leader.take(), leader.take(), leader.take()];
    leader.answer(b, { kind: 'occupied' });
    leader.answer(c, { kind: 'occupied' });
    leader.answer(a, { kind: 'unknown' });
    leader.read();
    expect(leader.appends).toEqual([a, b, c]);
    leader.land();
    expect(leader.appends).toEqual([b, c]);
    leader.land();
    leader.land();
    expect(leader.released).toEqual(['a=1', 'b=1', 'c=1']);
    leader.settle();
    for (const key of ['e', 'f', 'g']) leader.put(key, 1);
    expect(leader.appends.length).toBe(3);
    leader.settle();
    expect(leader.released).toEqual(['a=1', 'b=1', 'c=1', 'd=1', 'e=1', 'f=1', 'g=1']);
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
