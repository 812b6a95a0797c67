import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../values/codec.ts';

import { programOf } from './main.ts';
import { processShell } from './shell.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8');

test('the JSON forms on the page are those that the codec writes and reads', () => {
  const values: readonly unknown[] = [
    undefined,
    new Date(0),
    10n,
    Number.NaN,
    new Uint8Array([1, 2]),
    new Float64Array([1]),
    new Map([['a', 1]]),
    new Set([1]),
    /a+/g,
    new URL('https://example.org'),
    { $key: 1 },
  ];
  for (const value of values) {
    const form = encodeValue(value);
    expect(page).toContain(`\`${form}\``);
    expect(decodeValue(form)).toEqual(value);
  }
});

test('the page has every command, each with its options, and no others', () => {
  const program = programOf(processShell(), () => undefined);
  const commands = program.commands.filter((command) => command.name() !== 'complete');
  const named = Array.from(page.matchAll(/^\| `tutti (\w+)[^`]*` \|/gm), ([, name]) => name);
  expect([...new Set(named)].sort()).toEqual(commands.map((command) => command.name()).sort());
  const missing = commands.flatMap((command) =>
    command.options
      .filter(({ long }) => !page.includes(`\`${long}`))
      .map(({ long }) => `tutti ${command.name()} ${long}`),
  );
  expect(missing).toEqual([]);
});
