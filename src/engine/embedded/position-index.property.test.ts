import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Location, PositionIndex } from './position-index.ts';

it('answers as a map would, whatever is set, set again and trimmed', () => {
  const change = fc.oneof(
    { weight: 5, arbitrary: fc.record({ set: fc.integer({ min: -40, max: 200 }), length: fc.nat({ max: 2 ** 31 }) }) },
    { weight: 1, arbitrary: fc.record({ trim: fc.integer({ min: -5, max: 60 }) }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 5_000 }), fc.array(change, { maxLength: 300 }), (first, changes) => {
      const index = new PositionIndex(first);
      const model = new Map<number, Location>();
      let start = first;
      let end = first - 1;
      for (const [number, change] of changes.entries()) {
        if ('set' in change) {
          const position = start + change.set;
          if (position < 1) continue;
          const at = { segment: number + 1, offset: change.length, length: change.length, crc: 2 ** 32 - 1 };
          index.set(position, at.segment, at.offset, at.length, at.crc);
          model.set(position, at);
          start = Math.min(start, position);
          end = Math.max(end, position);
        } else {
          start = Math.max(start, Math.min(start + change.trim, end + 1));
          index.trim(start);
          for (const position of model.keys()) if (position < start) model.delete(position);
        }
        expect([index.start, index.end]).toEqual([start, end]);
      }
      let hole: number | undefined;
      for (let position = start - 3; position <= end + 3; position++) {
        expect(index.get(position)).toEqual(model.get(position));
        if (position >= start && position <= end && !model.has(position)) hole ??= position;
      }
      expect(index.firstHole()).toBe(hole);
    }),
  );
});
