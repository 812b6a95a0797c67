import { expect, test } from 'vitest';
import { keysOf } from './keys.ts';

const names = (text: string): readonly string[] =>
  keysOf(text).map((key) => (key.kind === 'char' ? key.char : `<${key.kind}>`));

test('arrows and the like in both forms that terminals send, characters, and Escape alone', () => {
  expect(names('\u001b[A\u001b[B\u001bOA\u001b[5~\u001b[6~\u001b[H\u001b[F')).toEqual([
    ...['<up>', '<down>', '<up>', '<pageUp>', '<pageDown>', '<home>', '<end>'],
  ]);
  expect(names('/né😀\r\u007f')).toEqual(['/', 'n', 'é', '😀', '<enter>', '<backspace>']);
  expect(names('\u001b')).toEqual(['<escape>']);
  expect(names('\u0003')).toEqual(['<interrupt>']);
});

test('sequences of keys that mean nothing here leave nothing behind', () => {
  expect(names('\u001b[1;5C\u001b[200~x\u001b[?1;2c\u0000\u0001')).toEqual(['x']);
});
