/** What a task's timeline shows: its bars and the scale they stand on. Pure. */
import type { StepView, TaskDetail } from '../../../src/protocol/task-detail.ts';
import { type Interval, type TimeScale, timeScale, union, without } from './time-scale.ts';

export type Bar = Interval & { readonly open: boolean };

export type Timeline = {
  readonly begin: number;
  readonly end: number;
  readonly scale: TimeScale;
};

const ms = (time: Date | undefined): number | undefined => time?.getTime();

/** When a step was there; undefined where that is not known. */
export const stepBar = ({ begunAt, endedAt, state }: StepView, nowMs: number): Bar | undefined => {
  const from = ms(begunAt) ?? ms(endedAt);
  if (from === undefined) return undefined;
  const open = state === 'pending';
  return { from, to: ms(endedAt) ?? (open ? nowMs : from), open };
};

/** Steps in which the task itself does nothing, and nothing is done for it. */
const idles = ({ kind }: StepView): boolean => kind === 'sleep';

export const timelineOf = (detail: TaskDetail, steps: readonly StepView[], nowMs: number): Timeline => {
  const { status, attempts } = detail;
  const begin = status.createdAt.getTime();
  const finished = ms(status.finishedAt);
  const bars = steps.map((step) => ({ step, bar: stepBar(step, finished ?? nowMs) }));
  const attemptBars = attempts.flatMap((one): Interval[] => {
    const from = ms(one.startedAt);
    return from === undefined ? [] : [{ from, to: ms(one.endedAt) ?? finished ?? nowMs }];
  });
  const moments = [...attemptBars, ...bars.flatMap(({ bar }) => (bar === undefined ? [] : [bar]))];
  const end = Math.max(begin + 1, finished ?? nowMs, ...moments.map(({ to }) => to));
  const of = (idle: boolean): readonly Interval[] =>
    union(bars.flatMap(({ step, bar }) => (bar !== undefined && idles(step) === idle ? [bar] : [])));
  const started = ms(status.startedAt);
  const ran = attemptBars.length > 0 || started === undefined ? attemptBars : [{ from: started, to: finished ?? end }];
  const busy = [...without(union(ran), of(true)), ...of(false)];
  const marks = moments.flatMap(({ from, to }) => [from, to]);
  return { begin, end, scale: timeScale(begin, end, busy, marks) };
};
