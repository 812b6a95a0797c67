import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { withHeat } from './map-heat.ts';

test('every item counts once, in the cell that holds it, in whatever chunks they come', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1 }),
      (count, sizes) => {
        const cells = Math.min(count, limits.mapHeatCells);
        const expected = new Array<number>(cells).fill(0);
        const cellOf = Array.from({ length: count }, (_, item) => {
          let cell = 0;
          while (Math.floor(((cell + 1) * count) / cells) <= item) cell++;
          return cell;
        });
        let heat: readonly number[] | undefined;
        let from = 0;
        for (const size of sizes) {
          const to = Math.min(count, from + size);
          if (to === from) break;
          heat = withHeat(heat, count, from, to, (to - from) * 10);
          for (let item = from; item < to; item++) expected[cellOf[item] as number]! += 1;
          from = to;
        }
        expect(heat?.filter((_, at) => at % 2 === 0)).toEqual(expected);
        expect(heat?.filter((_, at) => at % 2 === 1)).toEqual(expected.map((items) => items * 10));
      },
    ),
  );
});
