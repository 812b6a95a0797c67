import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { displayWidth } from '../display-width.ts';
import { plainStyle, styleOf } from '../style.ts';
import { resources } from './resource.ts';
import { screenLines } from './screen.ts';
import { seen } from './seen.fixture.ts';
import { firstState, type TopState } from './top-state.ts';

const size = { columns: 100, rows: 16 };
const drawn = (more: Partial<TopState> = {}, lost?: string): readonly string[] =>
  screenLines({ ...firstState('nodes'), ...more }, seen, lost, size, plainStyle);
const text = (lines: readonly string[]): string => lines.map(stripVTControlCharacters).join('\n');

test('what is wrong and how all of it is stand above the rows, the keys below', () => {
  expect(`\n${text(drawn({ selected: 'n2' }))}\n`.replaceAll(/ +\n/g, '\n')).toMatchInlineSnapshot(`
    "
    cluster    shop, 2 of 3 nodes heard, 5 of 6 partitions led, map 17
    this node  n1, up for 1 h, leads 0 partitions, 0 of 0 slots busy
    tasks      2 running, 2 queued, 0 scheduled, 12 completed, 2 failed
    ! n3 is not heard.
    ! Nobody leads partition 5; n3 is to.
    nodes (3) ──────────────────────────────────────────────────────────────────────────────────────────
    NODE  STATE       LOCATION  LEADS  FOLLOWS   LOAD  QUEUED  WEIGHT      HEARD  APP  ADDRESS
    n1 *  up          eu/n1         2        2  1,200       3       1             v1
    n2    up          eu/n2         2        2     40       3       1        now  v1
    n3    up, silent  eu/n3         2        2              3       1  2.1 s ago  v1





    ? help   : resource   / filter   q quit
    "
  `);
});

test('every resource fills the screen and no more, with and without colours, however small it is', () => {
  for (const style of [plainStyle, styleOf(true, true)])
    for (const resource of resources)
      for (const rows of [3, 8, 16, 60]) {
        const lines = screenLines(firstState(resource), seen, undefined, { columns: 120, rows }, style);
        expect(lines).toHaveLength(rows);
        for (const line of lines) expect(displayWidth(stripVTControlCharacters(line))).toBeLessThanOrEqual(120);
      }
});

test('the row that is selected is in sight and stands out, alone', () => {
  const lines = screenLines(
    { ...firstState('partitions'), selected: '5' },
    seen,
    undefined,
    { columns: 90, rows: 12 },
    styleOf(true, true),
  );
  const out = lines.filter((line) => line.startsWith('\u001b[7m'));
  expect(out.map(stripVTControlCharacters)).toEqual([expect.stringMatching(/^ +5 {2}- .*waits for n3, for 2 s/)]);
});

test('a prompt, a message, help, and that nothing comes any more', () => {
  expect(drawn({ prompt: { kind: '/', text: 'n2' }, filter: 'n2' }).at(-1)).toBe('/n2█');
  expect(drawn({ message: 'There is no "x".' }).at(-1)).toBe('There is no "x".');
  expect(text(drawn({ help: true }))).toContain('Ctrl-C');
  expect(drawn({}, 'No node answers.').at(-1)).toBe('No node answers.');
  expect(screenLines(firstState('nodes'), undefined, undefined, size, plainStyle)[0]).toBe('Asking the node …');
});
