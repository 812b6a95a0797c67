import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WordCounter, wordLettersMax } from './count-words.ts';

function count(pieces: readonly string[], distinctMax?: number) {
  const counter = new WordCounter(distinctMax);
  for (const piece of pieces) {
    counter.push(piece);
  }
  return counter.finish();
}

describe('Words', () => {
  test('are runs of letters in lower case, of four letters or more, sorted.', () => {
    const { words, leftOut } = count([
      "Zebra, apple-tree's APPLE 1234 word_word the Ärger ДАННЫЕ __proto__ constructor",
    ]);
    expect(words).toEqual([
      ['apple', 2],
      ['constructor', 1],
      ['proto', 1],
      ['tree', 1],
      ['word', 2],
      ['zebra', 1],
      ['ärger', 1],
      ['данные', 1],
    ]);
    expect(leftOut).toBe(0);
  });

  test('beyond the bound of different ones are left out and counted.', () => {
    expect(count(['aaaa bbbb cccc aaaa cccc dddd'], 2)).toEqual({
      words: [
        ['aaaa', 2],
        ['bbbb', 1],
      ],
      leftOut: 3,
    });
  });

  test('that never end are not counted and not kept, however they arrive.', () => {
    const endless = Array.from({ length: 1000 }, () => 'x'.repeat(70));
    expect(count([...endless, ' word']).words).toEqual([['word', 1]]);
    expect(count([`a${'\u{10400}'.repeat(60)}`, '\u{10400}'.repeat(6), ' word']).words).toEqual([['word', 1]]);
    expect(count(['x'.repeat(wordLettersMax)]).words).toHaveLength(1);
    expect(count(['x'.repeat(wordLettersMax), 'x']).words).toHaveLength(0);
  });

  test('do not depend on where the text is cut between characters.', () => {
    const character = fc.constantFrom('a', 'B', 'é', 'e\u0301', '\u{10400}', ' ', "'", '本', '1');
    fc.assert(
      fc.property(fc.array(fc.array(character).map((part) => part.join(''))), (pieces) => {
        expect(count(pieces)).toEqual(count([pieces.join('')]));
      }),
      { numRuns: 500 },
    );
  });
});
