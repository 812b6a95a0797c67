import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfPath, holdsRawBytes, textOfPath } from './path-text.ts';

const bytes = fc
  .array(
    fc.oneof(
      fc
        .constantFrom('a', '\\', '\\x41', '\\\\', 'ä', '\ufffd', '日', '\u{1f600}', '\n')
        .map((text) => Buffer.from(text)),
      fc.uint8Array({ minLength: 1, maxLength: 3 }).map((raw) => Buffer.from(raw)),
    ),
  )
  .map((parts) => Buffer.concat(parts));

test('The text of a path gives back its bytes, for any bytes.', () => {
  fc.assert(
    fc.property(bytes, (path) => {
      expect(bytesOfPath(textOfPath(path))).toEqual(path);
    }),
    { numRuns: 2000 },
  );
});

test('The text of a path survives being stored as UTF-8.', () => {
  fc.assert(
    fc.property(bytes, (path) => {
      const text = textOfPath(path);
      expect(Buffer.from(text).toString('utf8')).toBe(text);
      expect(holdsRawBytes(text)).toBe(!Buffer.from(path.toString('utf8')).equals(path));
    }),
    { numRuns: 2000 },
  );
});

test('An ordinary path is its own text; a backslash is doubled and a stray byte escaped.', () => {
  expect(textOfPath(Buffer.from('a b/ä\n日.md'))).toBe('a b/ä\n日.md');
  expect(textOfPath(Buffer.from('a\\b'))).toBe('a\\\\b');
  expect(textOfPath(Buffer.from([0x61, 0xff, 0xc3, 0xa4, 0x5c]))).toBe('a\\xffä\\\\');
});
