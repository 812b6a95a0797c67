/**
 * `npm run soak:faults -- [--seed S] [--minutes N] [--nemesis NAME[,NAME]] [--plant BUG]`: runs of the fault test for as long as one
 * likes, each on a fresh cluster and with a seed that follows from S: all kinds of faults in an order that the seed draws, every third
 * run two at a time. Ends with what was done, and the longest stalls of each kind.
 */
import { parseArgs } from 'node:util';
import { seededRandom } from '../../../src/values/hash.ts';
import { Dice, type Nemesis, nemeses } from './nemeses.ts';
import { clusterBugs, plantVariable } from './planted-bugs.ts';
import { runFaults, type Struck } from './run.ts';
import { stallsText } from './stalls.ts';

const strikesPerRun = 18;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '10' },
    nemesis: { type: 'string' },
    plant: { type: 'string' },
    strikes: { type: 'string', default: String(strikesPerRun) },
    help: { type: 'boolean', short: 'h' },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);
if (values.help === true) {
  say(`npm run soak:faults -- --minutes 60

--minutes N      after so long no other run begins (10)
--seed S         where chance begins (chosen anew each time)
--nemesis NAMES  only these, with commas between them: ${nemeses.map(({ name }) => name).join(', ')}
--plant BUG      nodes have this bug, and its nemesis alone strikes, if none is named: laws must be broken.
                 ${clusterBugs.map(({ name, nemesis }) => `${name} (${nemesis})`).join(', ')}
--strikes N      in each run (${strikesPerRun})`);
  process.exit(0);
}
const bug = clusterBugs.find(({ name }) => name === values.plant);
if (values.plant !== undefined && bug === undefined) {
  say(`There is no bug ${values.plant}; there are ${clusterBugs.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
if (bug !== undefined) process.env[plantVariable] = bug.name;
const names = (values.nemesis ?? bug?.nemesis)?.split(',');
const unknown = names?.find((name) => !nemeses.some((one) => one.name === name));
if (unknown !== undefined) {
  say(`There is no nemesis ${unknown}; there are ${nemeses.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}
const chosen = nemeses.filter(({ name }) => names?.includes(name) ?? true);
const first = values.seed ?? String(Date.now() % 1_000_000);
const endMs = performance.now() + Number(values.minutes) * 60_000;

// Nothing is left of the cluster under way.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const struck: Struck[] = [];
let operations = 0;
let redone = 0;
let failed = 0;
let runs = 0;
const beganMs = performance.now();
for (; performance.now() < endMs; runs++) {
  // The first run has the seed itself, so that the seed of any run says all of it.
  const seed = runs === 0 ? first : `${first}.${runs}`;
  const dice = new Dice(seededRandom(`${seed} order`));
  const atOnce = dice.below(3) === 0 && chosen.length > 1 ? 2 : 1;
  const order: Nemesis[] = [];
  for (let pool: Nemesis[] = []; order.length < Number(values.strikes); ) {
    if (pool.length === 0) pool = [...chosen];
    order.push(...pool.splice(dice.below(pool.length), 1));
  }
  say(`seed ${seed}, ${atOnce === 1 ? 'one by one' : 'two at once'}`);
  try {
    const report = await runFaults({ seed, nemeses: order, atOnce, callers: 24, say: (line) => say(`  ${line}`) });
    operations += report.operations;
    redone += report.redone;
    struck.push(...report.struck);
    if (report.violations.length > 0) {
      failed++;
      say(`VIOLATED with seed ${seed}, history in ${report.kept}:\n${report.violations.slice(0, 20).join('\n')}`);
    }
  } catch (error) {
    failed++;
    say(`FAILED with seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
const minutes = ((performance.now() - beganMs) / 60_000).toFixed(1);
say(`${minutes} min, ${runs} runs, ${operations} operations, ${struck.length} faults, ${redone} steps run again`);
say(stallsText(struck));
say(`${runs - failed} passed, ${failed} failed`);
if (failed > 0) process.exit(1);
