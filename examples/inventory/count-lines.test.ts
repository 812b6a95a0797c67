import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineCounter } from './count-lines.ts';
import { languageOf } from './languages.ts';

function count(name: string, ...pieces: string[]): string {
  const counter = new LineCounter(languageOf(name, '').syntax);
  for (const piece of pieces) {
    counter.push(piece);
  }
  const { code, comment, blank } = counter.finish();
  return `${code} ${comment} ${blank}`;
}

describe('Lines of code, comment and blank', () => {
  test.each([
    ['nothing', 'a.ts', '', '0 0 0'],
    ['one empty line', 'a.ts', '\n', '0 0 1'],
    ['white space only, without a line end', 'a.ts', ' \t\u00a0', '0 0 1'],
    ['a last line without its end', 'a.ts', 'x;', '1 0 0'],
    ['Windows line ends', 'a.ts', 'x;\r\n\r\n// y\r\n', '1 1 1'],
    ['code before and after a comment is code', 'a.ts', 'x; // y\n/* a */ z;\n/* a */\n', '2 1 0'],
    ['a block comment over lines, an empty one among them', 'a.ts', '/* a\n\n b */\nx;\n', '1 2 1'],
    ['a comment mark in a string', 'a.ts', 'const a = "/*";\nconst b = \'//\';\n', '2 0 0'],
    ['an escaped quote', 'a.ts', 'const a = "\\"/*";\n// c\n', '1 1 0'],
    ['a backslash before the closing quote', 'a.ts', 'const a = "\\\\"; /*\n*/\n', '1 1 0'],
    ['a template over lines', 'a.ts', 'const a = `\n// no comment\n\n`;\n', '3 0 1'],
    ['a stray quote spoils one line', 'a.ts', "// fine\nit's /*\n// c\n", '1 2 0'],
    ['nested block comments where there are such', 'a.rs', '/* /* */\nstill */\nx\n', '1 2 0'],
    ['no nested block comments where there are none', 'a.c', '/* /* */\nx\n', '1 1 0'],
    ['docstrings are code', 'a.py', '"""\n# no comment\n"""\n# c\n', '3 1 0'],
    ['no comments in JSON', 'a.json', '{\n"a": "// b"\n}\n', '3 0 0'],
    ['Markdown with a hidden part', 'a.md', '# Title\n<!-- a\nb -->\n', '1 2 0'],
    ['the longer of two openings', 'a.lua', '--[[ a\nb ]]\nx\n-- c\n', '1 3 0'],
    ['a doubled quote', 'a.sql', "select 'it''s -- no';\n-- c\n", '1 1 0'],
  ])('count right for %s.', (_, name, text, expected) => {
    expect(count(name, text)).toBe(expected);
  });

  test('add up to the number of lines and do not depend on where the text is cut.', () => {
    const fragment = fc.constantFrom(
      '\n',
      '/',
      '*',
      '/*',
      '*/',
      '//',
      '"',
      "'",
      '`',
      '\\',
      ' ',
      'x',
      '#',
      '--[[',
      ']]',
      '"""',
      '<!--',
      '-->',
    );
    const name = fc.constantFrom('a.ts', 'a.rs', 'a.py', 'a.lua', 'a.md', 'a.hs', 'a.txt', 'a.go');
    fc.assert(
      fc.property(name, fc.array(fragment, { maxLength: 60 }), fc.array(fc.nat(200)), (file, fragments, cuts) => {
        const text = fragments.join('');
        const ends = [...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
        const pieces = ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end));
        const whole = count(file, text);
        expect(count(file, ...pieces)).toBe(whole);
        const lines = text.split('\n').length - (text === '' || text.endsWith('\n') ? 1 : 0);
        expect(whole.split(' ').reduce((total, part) => total + Number(part), 0)).toBe(lines);
      }),
      { numRuns: 500 },
    );
  });
});
