/**
 * What the counters of a node were over the last hour, in as many steps as charts need. Told how the node is once a step; bounded,
 * and pure: the time is that of the overview.
 *
 * H1  Two points lie `limits.historyStepMs` apart: steps in which nothing was told (the process slept) are there, empty.
 * H2  Counters that go back have begun again: what they show is all of it.
 */
import { limits } from '../limits.ts';
import { addHistograms, emptyHistogram, percentileMs, sinceHistogram } from '../protocol/histogram.ts';
import type { FunctionOverview, Histogram, OverviewHistory } from '../protocol/overview.ts';

const counters = ['started', 'completed', 'failed', 'cancelled', 'failedAttempts', 'items'] as const;
const gauges = ['queued', 'running'] as const;
const durations = ['runP50Ms', 'runP99Ms'] as const;
const columns = [...counters, ...gauges, ...durations] as const;

type Totals = Readonly<Record<(typeof counters)[number] | (typeof gauges)[number], number>> & {
  readonly runTime: Histogram;
};

export class History {
  readonly #columns = Object.fromEntries(columns.map((name) => [name, []])) as unknown as Record<
    (typeof columns)[number],
    (number | null)[]
  >;
  #last: Totals | undefined;
  #newest: Date | undefined;

  /** How the node is at `time`. Less than half a step after the last one it is left out. */
  record(time: Date, functions: readonly FunctionOverview[]): void {
    const now = totalsOf(functions);
    const last = this.#last;
    const steps = Math.round((time.getTime() - (this.#newest?.getTime() ?? time.getTime())) / limits.historyStepMs);
    // The first one is only what the next is compared with.
    if (last === undefined) {
      this.#last = now;
      this.#newest = time;
      return;
    }
    if (steps < 1) return;
    for (let step = Math.max(1, steps - limits.historySteps); step < steps; step++) this.#push(() => null);
    const ran = sinceHistogram(now.runTime, last.runTime);
    const point: Record<(typeof columns)[number], number | null> = {
      ...(Object.fromEntries(counters.map((name) => [name, since(now[name], last[name])])) as Record<
        (typeof counters)[number],
        number
      >),
      queued: now.queued,
      running: now.running,
      runP50Ms: percentileMs(ran, 0.5) ?? null,
      runP99Ms: percentileMs(ran, 0.99) ?? null,
    };
    this.#push((name) => point[name]);
    this.#last = now;
    this.#newest = time;
  }

  view(): OverviewHistory {
    const empty = this.#columns.started.length === 0;
    return { stepMs: limits.historyStepMs, newest: empty ? undefined : this.#newest, ...this.#columns };
  }

  #push(pick: (name: (typeof columns)[number]) => number | null): void {
    for (const name of columns) {
      const column = this.#columns[name];
      column.push(pick(name));
      if (column.length > limits.historySteps) column.shift();
    }
  }
}

const since = (now: number, before: number): number => (now < before ? now : now - before);

const totalsOf = (functions: readonly FunctionOverview[]): Totals => {
  const sum = (name: (typeof counters)[number] | (typeof gauges)[number]): number =>
    functions.reduce((total, one) => total + one[name], 0);
  return {
    started: sum('started'),
    completed: sum('completed'),
    failed: sum('failed'),
    cancelled: sum('cancelled'),
    failedAttempts: sum('failedAttempts'),
    items: sum('items'),
    queued: sum('queued'),
    running: sum('running'),
    runTime: functions.reduce((total, { runTime }) => addHistograms(total, runTime), emptyHistogram),
  };
};
