import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../values/hash.ts';
import { drawFaults, type FaultKind, faultKinds } from './drawn-faults.ts';

const scales = fc.record({ step: fc.nat(1_000), moment: fc.nat(1_000), ms: fc.nat() });
const drawn = (seed: string, kinds: readonly FaultKind[], scale: Parameters<typeof drawFaults>[2]) =>
  drawFaults(seededRandom(seed), kinds, scale);

test('faults are of the kinds that were asked for, there is one at least, and three at most end something (F1)', () => {
  fc.assert(
    fc.property(fc.string(), fc.subarray([...faultKinds], { minLength: 1 }), scales, (seed, kinds, scale) => {
      const found = drawn(seed, kinds, scale).map(({ fault }) => fault.kind);
      expect(found.length).toBeGreaterThan(0);
      expect(kinds).toEqual(expect.arrayContaining(found));
      expect(found.filter((kind) => ['crash', 'power', 'executor'].includes(kind)).length).toBeLessThanOrEqual(3);
    }),
  );
});

test('faults strike within what a run without them has', () => {
  fc.assert(
    fc.property(fc.string(), scales, (seed, scale) => {
      for (const { measure, at } of drawn(seed, faultKinds, scale)) {
        expect(at).toBeGreaterThanOrEqual(measure === 'ms' ? 0 : 1);
        expect(at).toBeLessThanOrEqual(Math.max(1, scale[measure]));
      }
    }),
  );
});
