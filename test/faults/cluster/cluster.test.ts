/**
 * Three real nodes over three real servers, callers that note what they are told, and everything that may befall such a cluster, one
 * by one and then two at a time: nothing acknowledged is lost, nothing has two outcomes, nobody is told what is not so, and it all
 * goes on within a bound. `TUTTI_FAULTS_SEED` says which dice.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../../src/values/hash.ts';
import { Dice, nemeses } from './nemeses.ts';
import { type RunReport, runFaults } from './run.ts';
import { stallsText } from './stalls.ts';

const seed = process.env['TUTTI_FAULTS_SEED'] ?? String(Date.now() % 1_000_000);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

say(`TUTTI_FAULTS_SEED=${seed}`);

const tell = ({ operations, struck, redone, kept }: RunReport): void => {
  say(`seed ${seed}: ${operations} operations, ${struck.length} faults, ${redone} steps run again`);
  say(stallsText(struck));
  if (kept !== undefined) say(`The history is in ${kept}.`);
};

test('after each kind of fault all that was acknowledged has its one right outcome (laws 1, 3, 4 and 5)', async () => {
  const report = await runFaults({ seed, nemeses, atOnce: 1, callers: 16, say });
  tell(report);
  expect(report.violations).toEqual([]);
});

test('so it is when two befall it at once', async () => {
  const dice = new Dice(seededRandom(`${seed} pairs`));
  const pool = [...nemeses];
  const pairs = Array.from({ length: 4 }, () => pool.splice(dice.below(pool.length), 1)).flat();
  const report = await runFaults({ seed: `${seed}-pairs`, nemeses: pairs, atOnce: 2, callers: 16, say });
  tell(report);
  expect(report.violations).toEqual([]);
});
