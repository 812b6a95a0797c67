import { expect, test } from 'vitest';
import { manualEnv } from '../../engine/embedded/manual-env.fixture.ts';
import { limits } from '../../limits.ts';
import type { DoneRow } from '../../tasks/tables.ts';
import { FinishedTasks } from './finished-tasks.ts';
import type { Part } from './part.ts';

const slices = 3;

/** A part with more finished tasks than are looked at in two slices. */
const rig = (shared: boolean) => {
  const env = manualEnv();
  const turns: (() => void)[] = [];
  const done = { finishedAt: 1, status: 0, journal: 0, spec: {} } as DoneRow;
  const rows = (slices - 1) * limits.collectFinishedRows + 1;
  const keys = Array.from({ length: rows }, (_, at) => String(at).padStart(8, '0'));
  const tasks = { finished: [] as unknown[], finishedWithKey: [], finishedMeanwhile: new Set() };
  const tx = {
    *scan(_table: unknown, after: string) {
      for (const key of keys) if (key >= after) yield [key, done];
    },
  };
  const core = { epoch: 5 };
  let steps = 0;
  const part = {
    shared,
    leading: true,
    tasks,
    host: {
      core,
      transact: (step: (tx: unknown) => void) => {
        steps++;
        step(tx);
      },
    },
  };
  const finished = new FinishedTasks({ env, soon: (turn) => turns.push(turn) });
  return {
    env,
    finished,
    part: part as unknown as Part,
    lead: part as { leading: boolean },
    core,
    tasks,
    rows,
    run: () => {
      for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    },
    steps: () => steps,
  };
};

test('who took over from another node begins later, and goes slice by slice', () => {
  const { env, finished, part, tasks, rows, run, steps } = rig(true);
  finished.collect(part);
  env.advance(limits.collectFinishedMs - 1);
  run();
  expect(steps()).toBe(0);
  env.advance(1);
  expect(steps()).toBe(1);
  run();
  expect([steps(), tasks.finished.length, tasks.finishedMeanwhile]).toEqual([slices, rows, undefined]);
});

test('a node alone begins at once: it may not be there for long', () => {
  const { finished, part, tasks, rows, run } = rig(false);
  finished.collect(part);
  run();
  expect([tasks.finished.length, tasks.finishedMeanwhile]).toEqual([rows, undefined]);
});

test('who leads no more, or again, or is closed, lets it be', () => {
  for (const end of ['deposed', 'again', 'closed'] as const) {
    const { env, finished, part, lead, core, run, steps } = rig(true);
    finished.collect(part);
    if (end === 'deposed') lead.leading = false;
    else if (end === 'again') core.epoch = 9;
    else finished.close();
    env.advance(limits.collectFinishedMs);
    run();
    expect(steps()).toBe(0);
  }
});
