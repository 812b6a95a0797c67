import { describe, expect, test } from 'vitest';
import { displayWidth, fitted } from './display-width.ts';
import { styleOf } from './style.ts';
import { renderFields, renderTable } from './table.ts';

const style = styleOf(false, true);
type Row = { readonly name: string; readonly count: number };
const columns = [
  { title: 'NAME', text: ({ name }: Row) => name, widthMin: 6 },
  { title: 'COUNT', text: ({ count }: Row) => String(count), align: 'right' as const },
];

describe('a table', () => {
  test('lines up, with text on the left and numbers on the right', () => {
    const rows = [
      { name: 'a', count: 5 },
      { name: 'longer', count: 1_234_567 },
    ];
    expect(renderTable(columns, rows, style)).toEqual(['NAME      COUNT', 'a             5', 'longer  1234567']);
  });

  test('has the same columns whatever is in them', () => {
    expect(renderTable(columns, [], style)).toEqual(['NAME  COUNT']);
  });

  test('on a narrow terminal it takes from the columns that may give, down to their least', () => {
    const rows = [{ name: 'a very long name', count: 12 }];
    expect(renderTable(columns, rows, style, 16)).toEqual(['NAME       COUNT', 'a very l…     12']);
    expect(renderTable(columns, rows, style, 5)[1]).toBe('a ver…     12');
  });

  test('one row is one line, and nothing in it moves the cursor', () => {
    const [, line] = renderTable(columns, [{ name: 'two\nlines\u001b[2J', count: 1 }], style);
    expect(line).toBe('two lines      1');
  });

  test('wide characters count as two columns', () => {
    const lines = renderTable(
      columns,
      [
        { name: '日本語', count: 1 },
        { name: 'abcdef', count: 1 },
      ],
      style,
    );
    expect(lines.slice(1).map(displayWidth)).toEqual([13, 13]);
  });
});

test('fields without a value are left out', () => {
  expect(
    renderFields(
      [
        ['id', 'x'],
        ['parent', undefined],
        ['state', 'failed'],
      ],
      style,
    ),
  ).toEqual(['id     x', 'state  failed']);
});

test('text that does not fit ends in an ellipsis', () => {
  expect([fitted('abcdef', 6), fitted('abcdef', 5), fitted('日本語', 5), fitted('abc', 0)]).toEqual([
    'abcdef',
    'abcd…',
    '日本…',
    '',
  ]);
});
