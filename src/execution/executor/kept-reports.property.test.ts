/** Leaders that follow each other, each of which takes some reports, drops all after that, and acknowledges what it took, or not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt } from './attempt.ts';
import { KeptReports } from './kept-reports.ts';

const partition = 0;

type Leader = {
  readonly peer: number;
  /** Of what is told again and of new reports: so many are taken, and of those so many acknowledged. */
  readonly takes: number;
  readonly acknowledges: number;
  readonly reports: number;
};

const leaders = fc.array(
  fc.record({
    peer: fc.integer({ min: 0, max: 2 }),
    takes: fc.integer({ min: 0, max: 6 }),
    acknowledges: fc.integer({ min: 0, max: 6 }),
    reports: fc.integer({ min: 0, max: 4 }),
  }) satisfies fc.Arbitrary<Leader>,
  { minLength: 1, maxLength: 8 },
);

test('each leader is told all that no leader before has taken, in order, and what was acknowledged is told to none', () => {
  fc.assert(
    fc.property(leaders, (all) => {
      const kept = new KeptReports();
      const durable = new Set<number>();
      const acknowledged = new Set<number>();
      let number = 0;
      for (const [at, { peer, takes, acknowledges, reports }] of all.entries()) {
        const epoch = at + 1;
        const told = kept.moveTo(peer, partition, epoch).map(({ n }) => n);
        expect(told).toEqual([...told].sort((a, b) => a - b));
        for (let n = 0; n < number; n++) {
          if (!durable.has(n)) expect(told).toContain(n);
          if (acknowledged.has(n)) expect(told).not.toContain(n);
        }
        for (let count = 0; count < reports; count++) {
          told.push(number);
          kept.keep({ peer, partition, epoch, n: number++ } as Attempt, []);
        }
        const taken = told.slice(0, takes);
        for (const n of taken) durable.add(n);
        const count = Math.min(acknowledges, taken.length);
        for (const n of taken.slice(0, count)) acknowledged.add(n);
        kept.taken(peer, partition, count);
      }
    }),
  );
});
