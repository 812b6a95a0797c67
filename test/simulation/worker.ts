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
const { pageRunOf } = await import('./page/page-run.ts');

import type { Traced } from './trace/run-traced.ts';
import type { FromWorker, WorkerTask } from './worker-messages.ts';

const task = JSON.parse(process.argv[2] as string) as WorkerTask;
/** Resolves when it is sent. */
const tell = (message: FromWorker): Promise<void> =>
  new Promise((resolve) => process.send?.(message, undefined, undefined, () => resolve()));
const began = real.monotonic();
const tellEveryMs = 500;

let totals = { seeds: 0, events: 0, virtualMs: 0, counts: {} as Record<string, number> };
let toldMs = began;
const flush = (): Promise<void> => {
  const told = tell({ kind: 'progress', ...totals });
  totals = { seeds: 0, events: 0, virtualMs: 0, counts: {} };
  toldMs = real.monotonic();
  return told;
};

for (let index = task.offset; index < task.seeds; index += task.stride) {
  if (task.minutes > 0 && real.monotonic() - began > task.minutes * 60_000) break;
  const whole = planOf(task.workload, `${task.first + index}`, task.faults);
  const plan = task.keep === undefined ? whole : keeping(whole, task.keep);
  const run = (one: typeof plan): ReturnType<typeof runPlan> => {
    void tell({ kind: 'begins', seed: one.seed });
    return runPlan(one);
  };
  const show = ({ verdict, trace }: Traced, of: typeof plan, keep: readonly number[] | undefined): void => {
    if (task.trace) for (const line of traceLines(trace, task.messages)) process.stdout.write(`${line}\n`);
    if (task.page) void tell({ kind: 'page', run: pageRunOf(verdict, trace, of, keep) });
  };
  void tell({ kind: 'begins', seed: plan.seed });
  const looksOn = task.trace || (task.page && task.seeds === 1);
  const traced = looksOn ? await runTraced(plan) : undefined;
  const verdict = traced?.verdict ?? (await runPlan(plan));
  if (traced !== undefined) show(traced, plan, task.keep);
  totals.seeds++;
  totals.events += verdict.events;
  totals.virtualMs += verdict.virtualMs;
  for (const [kind, count] of Object.entries(verdict.counts)) totals.counts[kind] = (totals.counts[kind] ?? 0) + count;
  if (verdict.violation !== undefined) {
    void flush();
    const shrunk = task.shrink ? await shrink(plan, verdict, run) : { keep: undefined, verdict };
    if (task.page && traced === undefined) {
      const few = shrunk.keep === undefined ? plan : keeping(plan, shrunk.keep);
      show(await runTraced(few), few, shrunk.keep);
    }
    void tell({ kind: 'violation', keep: shrunk.keep, faults: plan.faults.length, verdict: shrunk.verdict });
    break;
  }
  if (task.verdicts) void tell({ kind: 'verdict', seed: verdict.seed, digest: verdict.digest });
  if (real.monotonic() - toldMs > tellEveryMs) void flush();
}
// What is not sent when the channel closes is lost.
await flush();
process.disconnect?.();
