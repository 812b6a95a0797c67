/** Tasks as lines and fields for people. Pure: the time is handed in. */
import type { LogLine, TaskStateName, TaskStatus } from '../protocol/task-view.ts';
import { encodeValue } from '../values/codec.ts';
import { formatDuration } from '../values/duration.ts';
import { oneLine } from './display-width.ts';
import { countText } from './progress-text.ts';
import { stackLines } from './stack-lines.ts';
import type { Style } from './style.ts';
import { type Column, renderFields, renderTable } from './table.ts';

const paintState = (state: TaskStateName, style: Style): ((text: string) => string) => {
  if (state === 'failed' || state === 'cancelled') return style.bad;
  if (state === 'completed') return style.good;
  return style.accent;
};

export const progressText = ({ progress, steps }: TaskStatus): string => {
  if (progress !== undefined)
    return progress.total >= 0 ? `${countText(progress.done)}/${countText(progress.total)}` : countText(progress.done);
  return steps > 0 ? `${countText(steps)} ${steps === 1 ? 'step' : 'steps'}` : '';
};

export const taskColumns = (style: Style, nowMs: number): readonly Column<TaskStatus>[] => [
  { title: 'ID', text: ({ id }) => id },
  { title: 'TASK', text: ({ name }) => name, widthMin: 8 },
  {
    title: 'STATE',
    text: ({ state, lacking }) => (lacking === true ? `${state}, no app has it` : state),
    paint: (text, { state, lacking }) => (lacking === true ? style.bad : paintState(state, style))(text),
  },
  { title: 'TRIES', text: ({ attempts }) => countText(attempts), align: 'right' },
  { title: 'PROGRESS', text: progressText },
  { title: 'AGE', text: ({ createdAt }) => formatDuration(Math.max(0, nowMs - createdAt.getTime())), align: 'right' },
  { title: 'KEY', text: ({ key }) => key ?? '', widthMin: 6 },
  { title: 'ERROR', text: ({ error }) => error?.message ?? '', widthMin: 6 },
];

export const taskTable = (
  tasks: readonly TaskStatus[],
  style: Style,
  nowMs: number,
  columns?: number,
): readonly string[] => renderTable(taskColumns(style, nowMs), tasks, style, columns);

export const taskFields = (task: TaskStatus, style: Style, nowMs: number, cwd: string): readonly string[] => {
  const since = (time: Date | undefined): string | undefined =>
    time === undefined
      ? undefined
      : `${time.toISOString()} (${formatDuration(Math.max(0, nowMs - time.getTime()))} ago)`;
  const fields = renderFields(
    [
      ['id', task.id],
      ['task', task.name],
      ['state', paintState(task.state, style)(task.state)],
      ['waits', task.lacking === true ? style.bad(`no app that runs has ${task.name}`) : undefined],
      ['key', task.key],
      ['parent', task.parent],
      ['attempts', countText(task.attempts)],
      ['steps', countText(task.steps)],
      ['progress', task.progress === undefined ? undefined : progressText(task)],
      ['message', task.progress?.message === undefined ? undefined : oneLine(task.progress.message)],
      ['created', since(task.createdAt)],
      ['started', since(task.startedAt)],
      ['finished', since(task.finishedAt)],
      ['error', task.error === undefined ? undefined : errorText(task.error)],
    ],
    style,
  );
  const thrown: unknown = task.error?.cause ?? task.error;
  const stack = thrown instanceof Error ? stackLines(thrown.stack ?? '', cwd) : [];
  return [...fields, ...stack.map((line) => style.dim(`  ${line}`))];
};

const errorText = (error: Error): string => {
  const code: unknown = Reflect.get(error, 'code');
  return oneLine(typeof code === 'string' ? `${code}: ${error.message}` : error.message);
};

/** A line of a task's log. */
export const logLineText = (line: Omit<LogLine, 'attempt'>, style: Style): string => {
  const level = line.level.padEnd(5);
  const painted = line.level === 'error' || line.level === 'warn' ? style.bad(level) : style.dim(level);
  const fields = line.fields === undefined ? '' : ` ${style.dim(oneLine(encodeValue(line.fields)))}`;
  return `${style.dim(line.time.toISOString())} ${painted} ${oneLine(line.message)}${fields}`;
};

/** For machines: JSON form, without the fields that have no value. */
export const machineText = (value: object): string =>
  encodeValue(Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)));
