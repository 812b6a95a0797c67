import { describe, expect, test } from 'vitest';
import { encodeValue } from './codec.ts';
import { kindByTag } from './kinds.ts';
import { decodeWritten, payloads } from './written-value.ts';

describe('a text that was written', () => {
  test('is read as one that was encoded', () => {
    const value = { at: new Date(5), many: [1n, new Map([['a', new Set([1])]])] };
    expect(decodeWritten(encodeValue(value))).toEqual(value);
    expect(() => decodeWritten(`"${'x'.repeat(17 * 1024 * 1024)}"`)).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
  });

  test.each([
    ['', 0],
    ['  ', 2],
    ['[1,2', 4],
    ['{"a":x}', 5],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[,1]', 1],
    [',1', 0],
    ['{"a":,"b":1}', 5],
    ['[1:2]', 2],
    ['[1}', 2],
    ['{1:2}', 1],
    ['{"a":1 "b"}', 7],
    ['[1 2]', 3],
    ['1 2', 2],
    ['[}', 1],
    ["'a'", 0],
    ['"a', 0],
    ['01', 1],
  ])('says where %j stops being JSON', (text, position) => {
    expect(() => decodeWritten(text)).toThrow(
      expect.objectContaining({ code: 'VALUE_MALFORMED', details: { position } }),
    );
  });

  test.each([
    ['{"a":1,}', 'input is not JSON: at character 7, near "{\\"a\\":1,}"'],
    ['[1,2', 'input is not JSON: it ends too early'],
    [
      '{"a":{"$date":"tomorrow"}}',
      'input.a is not what $date takes: an ISO date, with time and zone or without both: "2026-11-01T12:00:00.000Z"',
    ],
    [
      '{"$nothing":1}',
      'input has the unknown tag "$nothing" (write {"$object":{…}} around an object with one key that begins with $)',
    ],
    ['{"$object":[]}', 'input must hold an object under $object'],
  ])('says of %s what to mend', (text, message) => {
    expect(() => decodeWritten(text, 'input')).toThrow(expect.objectContaining({ code: 'VALUE_MALFORMED', message }));
  });

  test('is told what belongs under each tag that there is', () => {
    expect([...payloads.keys()].sort()).toEqual([...kindByTag.keys()].sort());
  });
});
