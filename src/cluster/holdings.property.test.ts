import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PartitionReport } from './heartbeat.ts';
import { Holdings } from './holdings.ts';

const partitions = 4;

const report = fc.record({
  partition: fc.nat(partitions - 1),
  role: fc.constantFrom('following', 'leading'),
  epoch: fc.nat(1),
  position: fc.nat(1),
}) as fc.Arbitrary<PartitionReport>;
const heartbeat = fc.record({
  from: fc.nat(3),
  says: fc.uniqueArray(report, { selector: ({ partition }) => partition }),
});

test('I1, I2: of each partition stands what was said about it last, by rank, and the same array while that is the same', () => {
  fc.assert(
    fc.property(fc.array(heartbeat, { maxLength: 30 }), (heartbeats) => {
      const holdings = new Holdings();
      const last = new Map<number, readonly PartitionReport[]>();
      const naive = (partition: number) =>
        [...last]
          .sort(([a], [b]) => a - b)
          .flatMap(([rank, says]) =>
            says.filter((own) => own.partition === partition).map((own) => ({ member: `n${rank}`, rank, report: own })),
          );
      for (const { from, says } of heartbeats) {
        const before = Array.from({ length: partitions }, (_, partition) => [naive(partition), holdings.of(partition)]);
        holdings.told({ member: `n${from}`, rank: from }, last.get(from) ?? [], says);
        last.set(from, says);
        for (const [partition, [expected, array]] of before.entries()) {
          expect(holdings.of(partition)).toEqual(naive(partition));
          const same = JSON.stringify(expected) === JSON.stringify(naive(partition));
          expect(holdings.of(partition) === array).toBe(same);
        }
      }
    }),
  );
});
