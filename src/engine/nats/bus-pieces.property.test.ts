import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Assembly, cut, type Piece, parsePlace, placeText } from './bus-pieces.ts';

test('pieces that come in any order, some twice, between those of others, give each message once', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 1, max: 20 }), fc.infiniteStream(fc.nat()), (sent, pieceBytes, order) => {
      const pieces = sent.flatMap((bytes, index) => cut(`m${index}`, bytes, pieceBytes));
      const assembly = new Assembly();
      const whole: Uint8Array[] = [];
      const left: Piece[] = [...pieces];
      while (left.length > 0) {
        const at = (order.next().value as number) % left.length;
        const [piece] = left.splice(at, 1) as [Piece];
        const place = parsePlace(placeText(piece));
        expect(place).toEqual({ id: piece.id, index: piece.index, count: piece.count });
        const done = assembly.add(piece, 0);
        if (done !== undefined) whole.push(done);
        // A second time, but not of what is complete: that would begin it anew.
        else expect(assembly.add(piece, 0)).toBeUndefined();
      }
      expect(whole.map(String).sort()).toEqual(sent.map(String).sort());
      expect(assembly.sizeBytes).toBe(0);
    }),
  );
});

test('what is not complete is dropped when it is old, and the oldest when there is too much', () => {
  const assembly = new Assembly(100, 1_000);
  const [first, second] = cut('a', new Uint8Array(80), 40) as [Piece, Piece];
  assembly.add(first, 0);
  expect(assembly.add(second, 1_000)).toBeUndefined();
  expect(assembly.sizeBytes).toBe(40);
  // The one of "b" is complete; what was left of "a" gave way to "c".
  const b = cut('b', new Uint8Array(80), 40) as [Piece, Piece];
  assembly.add(b[0], 1_000);
  expect(assembly.add(b[1], 1_000)?.length).toBe(80);
  const c = cut('c', new Uint8Array(140), 70) as [Piece, Piece];
  assembly.add(c[0], 1_000);
  expect(assembly.sizeBytes).toBe(70);
  expect(assembly.add(c[1], 1_000)?.length).toBe(140);
});

test('what is no place of a piece is none', () => {
  for (const text of ['', 'a', 'a 1', 'a 2 2', 'a b c', 'a 0 9999999', ' 0 1'])
    expect(parsePlace(text)).toBeUndefined();
});
