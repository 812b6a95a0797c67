import { describe, expect, test } from 'vitest';
import type { FileFacts, Inventory } from './inventory.ts';
import { escapeControls, render, withThousands } from './render.ts';
import { inventoryOf, summarize } from './summary.ts';

const file = (path: string, bytes: number, parts: Partial<FileFacts & { kind: 'file' }> = {}): FileFacts => ({
  kind: 'file',
  path,
  bytes,
  sha256: 'ab'.repeat(32),
  language: 'TypeScript',
  lines: { code: 1000, comment: 20, blank: 3 },
  words: [],
  package: null,
  notes: [],
  ...parts,
});

const inventory: Inventory = inventoryOf(
  summarize(
    [
      file('src/a long way down/to/the/file.ts', 1_234_567),
      file('日本語/é.ts', 1_234_567),
      file('new\nline\u001b[31m.md', 12, {
        language: 'Markdown',
        sha256: 'cd'.repeat(32),
        words: [['word', 2]],
        notes: [{ kind: 'odd-name', path: 'new\nline\u001b[31m.md', detail: 'control character' }],
      }),
      file('package.json', 99, {
        language: 'JSON',
        sha256: 'ef'.repeat(32),
        package: { path: 'package.json', name: 'one', version: '1.0.0', licence: 'MIT' },
      }),
    ],
    1,
    [{ kind: 'empty-folder', path: '', detail: '' }],
  ),
);

describe('An inventory as tables', () => {
  test('is aligned, with thousands apart, and with what could move the cursor made visible.', () => {
    expect(render(inventory)).toMatchInlineSnapshot(`
      "Inventory
                      count
        ────────  ─────────
        files             4
        bytes     2,469,245
        folders           1
        packages          1

      Languages
        language    files   code  comment  blank      bytes
        ──────────  ─────  ─────  ───────  ─────  ─────────
        TypeScript      2  2,000       40      6  2,469,134
        JSON            1  1,000       20      3         99
        Markdown        1  1,000       20      3         12
        ──────────  ─────  ─────  ───────  ─────  ─────────
        total           4  4,000       80     12  2,469,245

      Licences of packages
        licence  packages  such as
        ───────  ────────  ───────
        MIT             1  one

      Largest files
        path                                    bytes
        ──────────────────────────────────  ─────────
        src/a long way down/to/the/file.ts  1,234,567
        日本語/é.ts                         1,234,567
        package.json                               99
        new\\nline\\u{1b}[31m.md                     12

      Duplicate files (groups: 1, surplus copies: 1, bytes: 1,234,567)
        first path                          copies  bytes each  bytes wasted
        ──────────────────────────────────  ──────  ──────────  ────────────
        src/a long way down/to/the/file.ts       2   1,234,567     1,234,567

      Most frequent words in Markdown (of 4 letters or more; different: 1, in all: 2)
        word  times
        ────  ─────
        word      2

      Notes
        what          count  where
        ────────────  ─────  ──────────────────────────────────────────
        unusual name      1  new\\nline\\u{1b}[31m.md (control character)
        empty folder      1  .
      "
    `);
  });

  test('keeps to the width of a terminal by cutting the middle of long cells.', () => {
    const lines = render(inventory, { width: 60 }).split('\n');
    const tableLines = lines.filter((line) => line.startsWith('  '));
    expect(Math.max(...tableLines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines).toContain('  src/a long w…the/file.ts       2   1,234,567     1,234,567');
  });

  test('has colour only if asked.', () => {
    expect(render(inventory)).not.toContain('\u001b');
    expect(render(inventory, { colour: true })).toContain('\u001b[1mLanguages\u001b[22m');
  });

  test('of nothing still says that there is nothing.', () => {
    expect(render(inventoryOf(summarize([])))).toMatch(/^Inventory\n.*count\n.*\n {2}files +0\n {2}bytes +0\n$/);
  });
});

test('Thousands are set apart from the right.', () => {
  expect([0, 999, 1000, 123456, 1234567].map(withThousands)).toEqual(['0', '999', '1,000', '123,456', '1,234,567']);
});

test('Control characters and marks of direction are escaped, other text is not.', () => {
  expect(escapeControls('a\n\r\t\u001b\u009b\u202e\u2028 ä 日本 👩‍💻')).toBe(
    'a\\n\\r\\t\\u{1b}\\u{9b}\\u{202e}\\u{2028} ä 日本 👩‍💻',
  );
});
