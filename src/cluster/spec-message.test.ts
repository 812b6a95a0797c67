import { createHash } from 'node:crypto';
import { pack } from 'msgpackr';
import { expect, test } from 'vitest';
import { decodeAnswer, decodeQuestion, encodeAnswer, encodeQuestion, type SpecAnswer } from './spec-message.ts';

const question = { name: 'pay', input: '{"cents":1}' };
const answers: readonly SpecAnswer[] = [
  { kind: 'spec', input: '{"cents":100}', policy: '[2,1,2,1,null,0]' },
  { kind: 'spec', input: '1', policy: undefined },
  { kind: 'refused', error: '{"$error":{}}' },
  { kind: 'cannot' },
];

test('questions and answers come out as they went in', () => {
  expect(decodeQuestion(encodeQuestion(question))).toEqual(question);
  for (const answer of answers) expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
});

test('their format is fixed: whoever changes it needs a new number', () => {
  const hash = createHash('sha256').update(encodeQuestion(question));
  for (const answer of answers) hash.update(encodeAnswer(answer));
  expect(hash.digest('hex')).toMatchInlineSnapshot(
    `"9a18f03349efa9195d357dfca47e615fbf1bc156035a3007995911158f7bade5"`,
  );
});

test('a question of another format, or what is none, is not read; such an answer says nothing', () => {
  for (const bytes of [pack([2, 'pay', '1']), pack([1, 'pay']), pack('spec'), Uint8Array.of(0xdc, 0xff)]) {
    expect(decodeQuestion(bytes)).toBeUndefined();
    expect(decodeAnswer(bytes)).toEqual({ kind: 'cannot' });
  }
  expect(decodeAnswer(pack([1, 'later', 'x']))).toEqual({ kind: 'cannot' });
  expect(decodeAnswer(pack([2, 'spec', '1', null]))).toEqual({ kind: 'cannot' });
});
