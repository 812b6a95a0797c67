import { describe, expect, test } from 'vitest';
import { PutBack } from './put-back.ts';

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

/** A log and copies of it, as texts; position 1 first. `lag`: how many of its last records reads do not show. */
type World = { log: string[]; copies: Map<number, string>; lag?: number };

const copiesOf = (texts: readonly string[], from = 1): Map<number, string> =>
  new Map(texts.map((text, at) => [from + at, text]));

/** Runs it to its end; returns what was appended. */
const run = (world: World, options: { end: number; to: number; refuses?: number }): readonly string[] => {
  const machine = new PutBack({ partition: 0, ...options, ownLog: (bytes) => !`${bytes}`.startsWith('foreign') });
  const put: string[] = [];
  let refuses = options.refuses ?? 0;
  for (let steps = 0; machine.action.kind !== 'done'; steps++) {
    if (steps > 1_000) throw new Error('It has no end.');
    const { action } = machine;
    switch (action.kind) {
      case 'look': {
        const text = action.position > world.log.length - (world.lag ?? 0) ? undefined : world.log[action.position - 1];
        machine.looked(text === undefined ? undefined : bytesOf(text));
        break;
      }
      case 'fetch': {
        const text = world.copies.get(action.position);
        machine.fetched(text === undefined ? undefined : bytesOf(text));
        break;
      }
      case 'append':
        if (action.position === world.log.length + 1 && refuses-- <= 0) {
          world.log.push(`${action.bytes}`);
          put.push(`${action.bytes}`);
          machine.appended({ kind: 'appended', position: action.position });
        } else {
          machine.appended({ kind: 'occupied' });
          world.lag = 0;
        }
        break;
      default:
        action satisfies never;
    }
  }
  return put;
};

const abcde = ['a', 'b', 'c', 'd', 'e'];

describe('a log that has lost its tail (P4)', () => {
  test('gets back the same records at the same positions, wherever it is said to end', () => {
    for (const end of [0, 1, 2, 3, 4, 5, 9]) {
      const world = { log: ['a', 'b'], copies: copiesOf(abcde) };
      expect(run(world, { end, to: 5 })).toEqual(['c', 'd', 'e']);
      expect(world.log).toEqual(abcde);
    }
  });

  test('gets them back though appends are refused and reads lag, and none twice', () => {
    const world = { log: ['a', 'b', 'c'], copies: copiesOf(abcde), lag: 2 };
    expect(run(world, { end: 1, to: 5, refuses: 2 })).toEqual(['d', 'e']);
    expect(world.log).toEqual(abcde);
  });

  test('that only seemed short is left as it is', () => {
    const world = { log: [...abcde], copies: copiesOf(abcde), lag: 3 };
    expect(run(world, { end: 2, to: 5 })).toEqual([]);
    expect(world.log).toEqual(abcde);
  });

  test('and of which nobody has a copy is reported with what is missing, after reads had time to catch up', () => {
    const world = { log: ['a', 'b'], copies: copiesOf(['d', 'e'], 4) };
    expect(() => run(world, { end: 2, to: 5 })).toThrow(
      expect.objectContaining({ code: 'LOG_DAMAGED', details: { partition: 0, from: 3, to: 5 } }),
    );
    expect(world.log).toEqual(['a', 'b']);
  });

  test('and holds other bytes than were acknowledged is reported and left alone', () => {
    const world = { log: ['a', 'b', 'x'], copies: copiesOf(abcde) };
    expect(() => run(world, { end: 3, to: 5 })).toThrow(
      expect.objectContaining({ code: 'LOG_DAMAGED', details: { partition: 0, position: 3 } }),
    );
    expect(world.log).toEqual(['a', 'b', 'x']);
  });
});

describe('a log made anew under its name (P10)', () => {
  test('is filled again if all of it was kept', () => {
    const world = { log: [], copies: copiesOf(abcde) };
    expect(run(world, { end: 0, to: 5 })).toEqual(abcde);
  });

  test('is reported if its beginning is in no copy: an empty one, and one in which something landed', () => {
    for (const log of [[], ['foreign'], ['stray']]) {
      const world = { log: [...log], copies: copiesOf(['c', 'd', 'e'], 3) };
      expect(() => run(world, { end: log.length, to: 5 })).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
      expect(world.log).toEqual(log);
    }
  });

  test('takes nothing behind a record that landed where another one was kept', () => {
    const world = { log: ['stray'], copies: copiesOf(abcde) };
    for (const end of [0, 1, 3]) {
      expect(() => run(world, { end, to: 5 })).toThrow(
        expect.objectContaining({ details: { partition: 0, position: 1 } }),
      );
      expect(world.log).toEqual(['stray']);
    }
  });
});

test('what was trimmed meanwhile is covered by a snapshot, and passed over', () => {
  const machine = new PutBack({ partition: 0, end: 1, to: 2, ownLog: () => true });
  machine.looked('trimmed');
  expect(machine.action).toMatchObject({ kind: 'look', position: 2 });
  machine.looked(bytesOf('b'));
  machine.fetched(undefined);
  expect(machine.action).toEqual({ kind: 'done', count: 0 });
});
