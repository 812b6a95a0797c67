/** A leader gives its partition to a standby: what it appends last, and how the other comes to lead. */
import { describe, expect, test } from 'vitest';
import { decodeHeader, recordKind } from './record.ts';
import { Leader, leaderOf, lookAgain, ScriptedLog, standby } from './scripted-log.fixture.ts';

describe('a hand-over', () => {
  test('comes after all that was under way, is the last record, and makes the one it names lead', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const [named, other] = [standby(log, { name: 'b' }), standby(log, { name: 'c', newLogId: [77, 2] })];
    for (const each of [named, other]) lookAgain(each);
    for (const value of [1, 2, 3, 4, 5, 6]) leader.put('a', value);
    expect(leader.core.handOver('b')).toBe(true);
    expect(leader.core.handOver('c')).toBe(false);
    leader.pump();
    expect([leader.core.role, leader.appends.length]).toEqual(['handingOver', 4]);
    while (leader.appends.length > 0) {
      const last = leader.appends.length === 1 && leader.core.idle === false;
      const kind = decodeHeader(leader.appends[0]?.bytes as Uint8Array, 1).kind;
      expect(kind === recordKind.handOver).toBe(last && leader.released.length === 6);
      leader.land();
    }
    expect([leader.core.role, leader.told]).toEqual(['handedOver', [{ kind: 'handedOver', to: 'b' }]]);
    for (const each of [named, other]) lookAgain(each);
    expect(other.told).toEqual([{ kind: 'handOver', to: 'b' }]);
    expect([named.core.role, other.core.role]).toEqual(['claiming', 'following']);
    named.settle();
    expect([named.core.role, named.value('a')]).toEqual(['leading', 6]);
    lookAgain(other);
    lookAgain(other);
    expect(other.told.length).toBe(1);
  });

  test('goes out behind what is under way, in a wider window, and counts only if that does', () => {
    const log = new ScriptedLog();
    const leader = Leader.ready({ log, shared: true, window: 1, carefulWindow: 4 });
    const named = standby(log);
    lookAgain(named);
    leader.put('a', 1);
    leader.put('a', 2);
    leader.core.handOver('b');
    leader.pump();
    expect(leader.appends.map(({ kind }) => kind)).toEqual([recordKind.data, recordKind.data, recordKind.handOver]);
    const [first, second, last] = [leader.take(), leader.take(), leader.take()];
    // The first is lost on its way: nothing behind it lands.
    leader.answer(last, { kind: 'occupied' });
    leader.answer(second, { kind: 'occupied' });
    leader.answer(first, { kind: 'unknown' });
    lookAgain(named);
    expect(named.core.role).toBe('following');
    leader.settle();
    expect([leader.core.role, leader.released.at(-1)]).toEqual(['handedOver', 'a=2']);
  });

  /** A leader that has handed over to a standby, which has not looked since. */
  const given = () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const named = standby(log, { surveys: true });
    lookAgain(named);
    const from = log.end + 1;
    for (const value of [1, 2, 3]) leader.put('a', value);
    leader.core.handOver('b');
    leader.pump();
    leader.settle();
    return { log, named, records: log.read(from) };
  };

  test('that is told with the last records makes the one it names claim without looking at the log', () => {
    const { log, named, records } = given();
    named.core.given(records, 1_000);
    named.pump();
    expect([named.reads, named.surveysGiven, named.appends]).toEqual([[], 1, []]);
    named.core.surveyed(log.end, 1_000);
    named.pump();
    expect([named.reads, named.appends.length]).toEqual([[], 1]);
    named.land();
    expect([named.core.role, named.value('a')]).toEqual(['leading', 3]);
    expect(named.told).toEqual([{ kind: 'handOver', to: 'b' }]);
  });

  test('that is told counts no more where another has claimed since', () => {
    const { log, named, records } = given();
    const next = new Leader({ log, shared: true, newLogId: [79, 1] });
    next.settle();
    named.core.given(records, 1_000);
    named.pump();
    named.core.surveyed(records.at(-1)?.position ?? 0, 1_000);
    named.pump();
    while (named.appends.length + named.reads.length > 0) {
      if (named.appends.length > 0) named.land();
      else named.read();
    }
    expect([named.core.role, named.told.at(-1)?.kind]).toEqual(['following', 'beaten']);
  });

  test('that is told of while others know of more is read as any claim is', () => {
    const { log, named, records } = given();
    named.core.given(records, 1_000);
    named.pump();
    named.core.surveyed(log.end + 2, 1_000);
    named.pump();
    expect([named.appends, named.reads]).toEqual([[], [log.end + 1]]);
  });

  test.each([
    ['records are missing before them', 2],
    ['nothing is told of them', 4],
  ])('that is told with too few records, so that %s, is looked for in the log', (_, missing) => {
    const { named, records } = given();
    named.core.given(records.slice(missing), 1_000);
    named.pump();
    named.read();
    named.read();
    expect([named.surveys, named.appends.length]).toEqual([1, 0]);
    named.core.surveyed(records.at(-1)?.position ?? 0, 1_000);
    named.pump();
    named.settle();
    expect([named.core.role, named.value('a')]).toEqual(['leading', 3]);
  });

  test('that is told while the log is being read is taken after that', () => {
    const { log, named, records } = given();
    named.core.told(records[1]?.position ?? 0);
    named.pump();
    named.core.given(records, 1_000);
    named.pump();
    expect([named.core.role, named.reads.length]).toEqual(['following', 1]);
    named.read();
    named.core.surveyed(log.end, 1_000);
    named.pump();
    named.settle();
    expect([named.core.role, named.value('a')]).toEqual(['leading', 3]);
  });

  test('that the one it names is told of is taken only at the end of the log', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    const named = standby(log);
    lookAgain(named);
    leader.core.handOver('b');
    leader.pump();
    leader.settle();
    named.core.told(log.end);
    named.pump();
    named.read();
    expect([named.core.role, named.reads.length]).toEqual(['following', 1]);
    const next = new Leader({ log, shared: true, newLogId: [79, 1] });
    next.settle();
    named.read();
    named.read();
    expect([named.core.role, named.told]).toEqual(['following', []]);
  });

  test('whose leader is deposed meanwhile ends as any fenced leader does', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    leader.put('a', 1);
    leader.core.handOver('b');
    leader.pump();
    const next = new Leader({ log, shared: true, newLogId: [79, 1] });
    next.settle();
    leader.settle();
    expect([leader.fenced, leader.told]).toEqual([{ certain: true, dropped: ['a=1'] }, []]);
  });

  test('of long ago means nothing to the one that it named', () => {
    const log = new ScriptedLog();
    const leader = leaderOf(log);
    leader.core.handOver('b');
    leader.pump();
    leader.settle();
    const next = new Leader({ log, shared: true, newLogId: [79, 1] });
    next.settle();
    next.put('a', 1);
    next.settle();
    const named = standby(log);
    lookAgain(named);
    expect([named.core.role, named.told]).toEqual(['following', []]);
  });
});
