import { expect, test } from 'vitest';
import { keysOf } from './keys.ts';
import { listingOfState, pageOf } from './screen.ts';
import { seen } from './seen.fixture.ts';
import { firstState, onKey, type TopState } from './top-state.ts';

const size = { columns: 100, rows: 20 };
const enter = '\r';
const escapeKey = '\u001b';
const down = '\u001b[B';

const after = (text: string, from: TopState = firstState('nodes')): TopState => {
  let state = from;
  for (const key of keysOf(text)) state = onKey(state, key, listingOfState(state, seen), pageOf(seen, size));
  return state;
};
const ids = (state: TopState): readonly string[] => listingOfState(state, seen).rows.map(({ id }) => id);

test('`:` and the beginning of a name goes to a resource, words behind it are a filter; nonsense is told', () => {
  expect(after(`:p${enter}`)).toMatchObject({ resource: 'partitions', filter: '', prompt: undefined });
  expect(after(`:Fun${enter}`)).toMatchObject({ resource: 'functions' });
  const filtered = after(`:tasks send${enter}`);
  expect([filtered.filter, ids(filtered)]).toEqual(['send', ['A1', 'C3']]);
  expect(after(`:mo\t`).prompt?.text).toBe('moves');
  const wrong = after(`:xyz${enter}`);
  expect(wrong).toMatchObject({ resource: 'nodes', message: expect.stringContaining('nodes, partitions') });
  expect(after(down, wrong).message).toBeUndefined();
});

test('`/` filters while one types, in any case and by all words; Escape takes it away, Enter keeps it', () => {
  expect(ids(after('/N2'))).toEqual(['n2']);
  expect(ids(after('/eu n3'))).toEqual(['n3']);
  expect(after(`/n2${enter}`)).toMatchObject({ filter: 'n2', prompt: undefined });
  expect(after(`/n2${escapeKey}`)).toMatchObject({ filter: '', prompt: undefined });
  expect(after('/n2\u007f\u007f\u007f')).toMatchObject({ filter: '', prompt: undefined });
  // What is typed is no command.
  expect(after('/q?').ended).toBe(false);
});

test('arrows stay within the rows; the selection follows its row when others come and go', () => {
  expect(after(down).selected).toBe('n2');
  expect(after(`${down}${down}${down}${down}`).selected).toBe('n3');
  expect(after('G').selected).toBe('n3');
  expect(after('Gk').selected).toBe('n2');
  expect(after('Gg').selected).toBe('n1');
  const chosen = after(`${down}${down}`);
  expect(after('k', { ...chosen, filter: 'n3' }).selected).toBe('n3');
  // One that is gone: the first.
  expect(after(down, { ...chosen, selected: 'n9' }).selected).toBe('n2');
});

test('Enter goes to what belongs to a row, Escape back to where one was, with what was chosen there', () => {
  const partitions = after(`${down}${enter}`);
  expect(partitions).toMatchObject({ resource: 'partitions', filter: 'n2' });
  expect(ids(partitions)).toEqual(['0', '1', '3', '4']);
  expect(after(escapeKey, partitions)).toMatchObject({ resource: 'nodes', filter: '', selected: 'n2' });
  expect(after(`:f${enter}${down}${enter}`)).toMatchObject({ resource: 'tasks', filter: 'send' });
  expect(after(`:moves${enter}${enter}`)).toMatchObject({ resource: 'moves' });
});

test('Escape takes away a filter that was set here first, and goes back then', () => {
  const partitions = after(`:p${enter}`, after(down));
  const filtered = after(`/n3${enter}${down}`, partitions);
  expect(filtered).toMatchObject({ resource: 'partitions', filter: 'n3', selected: ids(filtered)[1] });
  const whole = after(escapeKey, filtered);
  expect(whole).toMatchObject({ resource: 'partitions', filter: '', selected: filtered.selected });
  expect(after(escapeKey, whole)).toMatchObject({ resource: 'nodes', selected: 'n2' });
  expect(after(`:tasks send${enter}${escapeKey}`)).toMatchObject({ resource: 'tasks', filter: '' });
  // Of a row's own rows, what Enter chose stays.
  const ofRow = after(`${down}${enter}/0${enter}`);
  expect(ofRow).toMatchObject({ resource: 'partitions', filter: 'n20', given: 'n2' });
  expect(after(escapeKey, ofRow)).toMatchObject({ resource: 'partitions', filter: 'n2' });
  expect(after(escapeKey.repeat(2), ofRow)).toMatchObject({ resource: 'nodes', filter: '' });
  expect(after(`/${escapeKey}`, ofRow)).toMatchObject({ resource: 'partitions', filter: 'n2' });
  expect(after(escapeKey.repeat(3))).toMatchObject({ resource: 'nodes', filter: '', before: [] });
});

test('`?` shows help until the next key; `q`, `:q` and Ctrl-C end', () => {
  expect(after('?').help).toBe(true);
  expect(after('?q')).toMatchObject({ help: false, ended: false });
  for (const keys of ['q', `:q${enter}`, '\u0003', '/abc\u0003', '?\u0003']) expect(after(keys).ended).toBe(true);
});

test('how far one can go back, and how much one can type, is bounded', () => {
  const state = after(`${'\t'.repeat(500)}/${'x'.repeat(5_000)}`);
  expect(state.before.length).toBeLessThan(50);
  expect(state.filter.length).toBeLessThan(1_000);
});
