/** Runs seeds, one after the other, and tells what came of them. The first thing it does is to replace clocks and chance. */
import { installVirtualGlobals, real } from '../../src/testing/virtual-globals.ts';

installVirtualGlobals();
const { installDeterminism } = await import('../../src/execution/executor/determinism.ts');
installDeterminism();
const { planOf } = await import('./workloads.ts');
const { runPlan } = await import('./run-seed.ts');
const { keeping, shrink } = await import('./shrink.ts');
const { runTraced } = await import('./trace/run-traced.ts');
const { traceLines } = await import('./trace/trace-text.ts');

import type { FromWorker, WorkerTask } from './worker-messages.ts';

const task = JSON.parse(process.argv[2] as string) as WorkerTask;
const tell = (message: FromWorker): void => {
  process.send?.(message);
};
const began = real.monotonic();
const tellEveryMs = 500;

let totals = { seeds: 0, events: 0, virtualMs: 0, counts: {} as Record<string, number> };
let toldMs = began;
const flush = (): void => {
  tell({ kind: 'progress', ...totals });
  totals = { seeds: 0, events: 0, virtualMs: 0, counts: {} };
  toldMs = real.monotonic();
};

for (let index = task.offset; index < task.seeds; index += task.stride) {
  if (task.minutes > 0 && real.monotonic() - began > task.minutes * 60_000) break;
  const whole = planOf(task.workload, `${task.first + index}`, task.faults);
  const plan = task.keep === undefined ? whole : keeping(whole, task.keep);
  const run = (one: typeof plan): ReturnType<typeof runPlan> => {
    tell({ kind: 'begins', seed: one.seed });
    return runPlan(one);
  };
  tell({ kind: 'begins', seed: plan.seed });
  const traced = task.trace ? await runTraced(plan) : undefined;
  if (traced !== undefined)
    for (const line of traceLines(traced.trace, task.messages)) process.stdout.write(`${line}\n`);
  const verdict = traced?.verdict ?? (await runPlan(plan));
  totals.seeds++;
  totals.events += verdict.events;
  totals.virtualMs += verdict.virtualMs;
  for (const [kind, count] of Object.entries(verdict.counts)) totals.counts[kind] = (totals.counts[kind] ?? 0) + count;
  if (verdict.violation !== undefined) {
    flush();
    const shrunk = task.shrink ? await shrink(plan, verdict, run) : { keep: undefined, verdict };
    tell({ kind: 'violation', keep: shrunk.keep, faults: plan.faults.length, verdict: shrunk.verdict });
    break;
  }
  if (task.verdicts) tell({ kind: 'verdict', seed: verdict.seed, digest: verdict.digest });
  if (real.monotonic() - toldMs > tellEveryMs) flush();
}
flush();
process.disconnect?.();
