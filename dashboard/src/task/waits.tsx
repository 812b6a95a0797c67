/** Where a task waits and why. */
import type { JSX } from 'preact';
import type { StepView, TaskDetail, WaitView } from '../../../src/protocol/task-detail.ts';
import { formatAge, formatCount, formatTime } from '../format.ts';
import { taskHref } from '../route.ts';

const until = (time: Date, nowMs: number): string => {
  const leftMs = time.getTime() - nowMs;
  return leftMs <= 0 ? 'now due' : `for ${formatAge(leftMs)}, until ${formatTime(time)}`;
};

const Wait = ({ wait, steps, nowMs }: { wait: WaitView; steps: readonly StepView[]; nowMs: number }): JSX.Element => {
  switch (wait.for) {
    case 'time':
      return (
        <>
          {wait.retry ? 'The last attempt failed; the next one waits ' : 'It was started with a delay and waits '}
          {until(wait.until, nowMs)}.
        </>
      );
    case 'executor':
      return <>It is ready, and waits for a free executor.</>;
    case 'sleep':
      return <>It sleeps {until(wait.until, nowMs)}.</>;
    case 'task': {
      const name = steps.find(({ index }) => index === wait.step)?.name ?? wait.id;
      return (
        <>It waits for another task to end: {wait.id === undefined ? name : <a href={taskHref(wait.id)}>{name}</a>}.</>
      );
    }
    case 'map': {
      const map = steps.find(({ index }) => index === wait.step)?.map;
      return (
        <>
          It waits for the items of its map
          {map === undefined ? '' : `: ${formatCount(map.count - map.done)} of ${formatCount(map.count)} are left`}.
        </>
      );
    }
    default:
      return wait satisfies never;
  }
};

export const Waits = ({
  detail,
  steps,
  nowMs,
}: {
  detail: TaskDetail;
  steps: readonly StepView[];
  nowMs: number;
}): JSX.Element | null =>
  detail.waitsFor.length === 0 ? null : (
    <ul class="waits">
      {detail.waitsFor.map((wait, index) => (
        <li key={index}>
          <Wait wait={wait} steps={steps} nowMs={nowMs} />
        </li>
      ))}
    </ul>
  );
