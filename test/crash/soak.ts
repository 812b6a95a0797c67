/**
 * `npm run soak:crash -- --kills N [--seed S] [--data DIR] [--round R] [--partitions N]`: the crash test for as long as one
 * likes. Rounds of 25 kills, two at a time, each on a data folder of its own and with a seed that follows from S; one in four
 * has 8 partitions. After its kills a round opens copies with a torn tail, without the store, and with a bit flipped, and drains.
 *
 * What was done is noted in DIR: the same command goes on after the last round that was finished. The folder of a round that
 * failed is kept; `--seed S --round R` repeats it.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CrashProblem, CrashRun, ProgramEnded } from './crash-run.ts';
import { copyData, flipInTheMiddle, logOf, removeStore, tails, tearTail } from './damage.ts';
import { readEffects } from './effects.ts';
import { readFrames, wasTrimmed } from './log-frames.ts';

const killsPerRound = 25;
const roundsAtOnce = 2;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string' },
    data: { type: 'string' },
    round: { type: 'string' },
    partitions: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help === true) {
  process.stdout.write(`npm run soak:crash                                  100 kills
npm run soak:crash -- --kills 1000 --data DIR       the same command goes on where it was stopped
npm run soak:crash -- --seed S --round R            one round of an earlier run again

--kills N        how often the program is killed, in rounds of ${killsPerRound} (100)
--seed S         where chance begins (chosen anew each time)
--data DIR       where folders and progress are kept (a new folder)
--round R        only this round
--partitions N   in every round (1, and 8 in each fourth)
`);
  process.exit(0);
}

type Done = {
  readonly kills: number;
  readonly tasks: number;
  readonly steps: number;
  readonly redone: number;
  readonly trimmed: boolean;
  readonly recoveriesMs: readonly number[];
};
type Progress = { readonly seed: number; readonly rounds: Record<string, Done> };

const root = values.data === undefined ? mkdtempSync(join(tmpdir(), 'tutti-soak-')) : resolve(values.data);
mkdirSync(root, { recursive: true });
const notes = join(root, 'progress.json');
const noted = existsSync(notes) ? (JSON.parse(readFileSync(notes, 'utf8')) as Progress) : undefined;
const seed = Number(values.seed ?? noted?.seed ?? Date.now() % 1_000_000);
const progress: Progress = noted?.seed === seed ? noted : { seed, rounds: {} };
const compileCache = join(root, 'cache');

const partitionsOf = (round: number): number => Number(values.partitions ?? (round % 4 === 3 ? 8 : 1));

const makeRun = (name: string, round: number): CrashRun =>
  new CrashRun({
    folder: join(root, name),
    seed: seed + round,
    partitions: partitionsOf(round),
    executors: 1 + (round % 2),
    compileCache,
  });

const tailOf = (round: number): ((frame: Buffer) => Buffer) => {
  const all = Object.values(tails);
  return all[round % all.length]!;
};

/** Opens a copy of what the last kill left, damaged. */
const withCopy = async (run: CrashRun, damage: (copy: string) => void): Promise<void> => {
  const copy = `${run.dataFolder}-copy`;
  copyData(run.dataFolder, copy);
  damage(copy);
  await run.drainCopy(copy);
  rmSync(copy, { recursive: true });
};

const expectRefused = async (run: CrashRun): Promise<void> => {
  try {
    await withCopy(run, flipInTheMiddle);
  } catch (error) {
    if (!(error instanceof ProgramEnded) || !error.stderr.includes("code: 'LOG_DAMAGED'")) throw error;
    rmSync(`${run.dataFolder}-copy`, { recursive: true });
    return;
  }
  throw new CrashProblem('A bit was flipped in the middle of the log, and nobody noticed.');
};

const playRound = async (round: number, kills: number): Promise<Done> => {
  const run = makeRun(`round-${round}`, round);
  while (run.kills < kills - 1) await run.killOnce();
  // Of several partitions each has to take two snapshots before the log can be trimmed.
  if (partitionsOf(round) > 1) await run.killOnce();
  else await run.workUntil(() => wasTrimmed(readFrames(logOf(run.dataFolder))));
  const frames = readFrames(logOf(run.dataFolder));
  if (frames.length > 0) {
    await withCopy(run, (copy) => tearTail(copy, tailOf(round)));
    if (existsSync(join(run.dataFolder, 'store'))) await withCopy(run, removeStore);
    await expectRefused(run);
  }
  await run.drain();
  const effects = readEffects(run.effectsFile);
  if (effects.broken.length > 0) throw new CrashProblem(effects.broken.slice(0, 10).join('\n'));
  return {
    kills: run.kills,
    tasks: run.tasks.size,
    steps: effects.confirmed,
    redone: effects.redone,
    trimmed: wasTrimmed(frames),
    recoveriesMs: run.recoveriesMs.map(Math.round),
  };
};

const timesOf = (rounds: readonly Done[]): string => {
  const sorted = rounds.flatMap((done) => done.recoveriesMs).sort((a, b) => a - b);
  return `start to open p50 ${sorted[sorted.length >> 1] ?? 0} ms, max ${sorted.at(-1) ?? 0} ms`;
};
const sum = (rounds: readonly Done[], field: 'kills' | 'tasks' | 'steps' | 'redone'): number =>
  rounds.reduce((total, done) => total + done[field], 0);
const summaryOf = (rounds: readonly Done[]): string =>
  `${sum(rounds, 'kills')} kills, ${sum(rounds, 'tasks')} tasks acknowledged, ${sum(rounds, 'steps')} steps, ${sum(rounds, 'redone')} begun again, ${timesOf(rounds)}`;

const kills = Number(values.kills);
const last = Math.ceil(kills / killsPerRound);
const rounds = Array.from({ length: last }, (_, round) => round).filter((round) =>
  values.round === undefined ? progress.rounds[round] === undefined : round === Number(values.round),
);
console.log(`seed ${seed}, ${rounds.length} of ${last} rounds to do, in ${root}`);
const warm = makeRun('warm', 0);
await warm.drain();

let failures = 0;
const lane = async (): Promise<void> => {
  for (let round = rounds.shift(); round !== undefined && failures === 0; round = rounds.shift()) {
    try {
      const done = await playRound(round, Math.min(killsPerRound, kills - round * killsPerRound));
      progress.rounds[round] = done;
      writeFileSync(notes, JSON.stringify(progress));
      rmSync(join(root, `round-${round}`), { recursive: true });
      console.log(`round ${round + 1} of ${last}: ${summaryOf([done])}${done.trimmed ? ', log trimmed' : ''}`);
    } catch (error) {
      failures++;
      console.error(error);
      console.error(`Round ${round + 1} FAILED. Its folder is kept: ${join(root, `round-${round}`)}`);
      console.error(`Again: npm run soak:crash -- --kills ${kills} --seed ${seed} --round ${round} --data NEW-DIR`);
    }
  }
};
await Promise.all(Array.from({ length: roundsAtOnce }, lane));
console.log(`${failures === 0 ? 'ok' : 'FAILED'}: ${summaryOf(Object.values(progress.rounds))}`);
if (failures > 0) process.exitCode = 1;
else if (values.data === undefined) rmSync(root, { recursive: true });
