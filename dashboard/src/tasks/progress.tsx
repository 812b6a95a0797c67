/** How far a task says it is: a bar and its numbers, or its steps. */
import type { JSX } from 'preact';
import type { TaskStatus } from '../../../src/protocol/task-view.ts';
import { formatShort, plural } from '../format.ts';

export const Bar = ({ part, label }: { part: number; label: string }): JSX.Element => (
  <svg class="bar-line" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label={label}>
    <rect class="all" width="100" height="4" />
    <rect class="done" width={Math.max(0, Math.min(100, part * 100))} height="4" />
  </svg>
);

export const Progress = ({ task }: { task: TaskStatus }): JSX.Element | null => {
  const { progress, steps } = task;
  if (progress === undefined) return steps === 0 ? null : <span class="faint">{plural(steps, 'step')}</span>;
  const { done, total, message } = progress;
  return (
    <span class="progress">
      {total > 0 ? <Bar part={done / total} label={`${Math.floor((done / total) * 100)} percent done`} /> : null}
      <span class="soft">
        {formatShort(done)}
        {total > 0 ? ` / ${formatShort(total)}` : ''}
      </span>
      {message === undefined ? null : <span class="faint clip">{message}</span>}
    </span>
  );
};
