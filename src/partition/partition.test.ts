import { describe, expect, test } from 'vitest';
import { items, Leader, others, ScriptedLog } from './scripted-log.fixture.ts';

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
    for (; seen < leader.released.length; seen++) at.push(leader.core.position);
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
