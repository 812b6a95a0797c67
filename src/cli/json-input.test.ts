import { describe, expect, test } from 'vitest';
import { lineAndColumn, readInput } from './json-input.ts';

const source = (files: Readonly<Record<string, string>> = {}, stdin = '') => ({
  readFile: async (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    return text;
  },
  readStdin: async () => stdin,
});

describe('the input on the command line', () => {
  test('one JSON value, a file, stdin, or nothing', async () => {
    expect(await readInput(undefined, source())).toBeUndefined();
    expect(await readInput('{"a":[1]}', source())).toBe('{"a":[1]}');
    expect(await readInput('@in.json', source({ 'in.json': '[1,\n2]\n' }))).toBe('[1,\n2]\n');
    expect(await readInput('-', source({}, '"text"'))).toBe('"text"');
    expect(await readInput('{"$date":"2026-11-01"}', source())).toBe('{"$date":"2026-11-01"}');
  });

  test('text without its quotes is an error that shows the quoted form', async () => {
    await expect(readInput('2026-11', source())).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: `The input 2026-11 is not JSON. Text is written with its quotes: '"2026-11"'`,
    });
    await expect(readInput("it's", source())).rejects.toThrow(`'"it'\\''s"'`);
    await expect(readInput('', source())).rejects.toThrow(`The input is empty. Text is written with its quotes: '""'`);
  });

  test('JSON that the shell has taken apart is told where it breaks, and how to keep it whole', async () => {
    await expect(readInput('{a:1}', source())).rejects.toThrow(/at character 1.*single quotes/);
  });

  test('a file that is no JSON is told by line and column; one that is missing by its name', async () => {
    await expect(readInput('@in.json', source({ 'in.json': '{\n  "a": x\n}' }))).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringMatching(/^in\.json is not JSON: .*\(line 2, column 8\)/) as unknown,
    });
    await expect(readInput('@gone.json', source())).rejects.toThrow('The input file gone.json cannot be read: ENOENT');
    await expect(readInput('-', source({}, ''))).rejects.toThrow('stdin is not JSON');
  });

  test('a value in no known form is refused', async () => {
    await expect(readInput('{"$date":"never"}', source())).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('lines and columns count from one', () => {
    expect(lineAndColumn('ab\ncd', 0)).toBe('line 1, column 1');
    expect(lineAndColumn('ab\ncd', 4)).toBe('line 2, column 2');
  });
});
