/** What `tutti dev` says, as lines. Pure. */
import { isTuttiError } from '../errors/tutti-error.ts';
import { decodeError } from '../values/codec.ts';
import { oneLine } from './display-width.ts';
import { didYouMean } from './near-names.ts';
import { type ErrorRendering, renderError } from './render-error.ts';
import type { FromServeChild } from './serve-protocol.ts';
import { nodeLineText } from './terminal-reporter.ts';

type Ready = Extract<FromServeChild, { kind: 'ready' }>;

const namesMax = 30;

/** After the start; `askedPort`: the one that was to be used. */
export const startedLines = (ready: Ready, askedPort: number, data: string, how: ErrorRendering): readonly string[] => {
  const { style } = how;
  const taken =
    ready.port === askedPort || askedPort === 0 ? [] : [`Port ${askedPort} is taken; this is the next free one.`];
  return [
    ...taken,
    `${style.good('ready')}  ${style.bold(ready.url)}`,
    `tasks  ${namesText(ready.tasks)}`,
    `data   ${data}`,
    ...unfinishedLines(ready, ''),
  ];
};

/** After a restart. */
export const restartedLines = (ready: Ready, tookMs: number, url: string, how: ErrorRendering): readonly string[] => {
  const moved = ready.url === url ? '' : ` at ${ready.url}, because its port has been taken`;
  return [
    `${how.style.good('restarted')} in ${Math.round(tookMs)} ms${moved}`,
    ...unfinishedLines(ready, ' with the new code'),
  ];
};

const namesText = (names: readonly string[]): string => {
  if (names.length === 0) return 'none: export what task(…) gives, such as `export const hello = task(…)`';
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : '';
  return names.slice(0, namesMax).join(', ') + more;
};

const unfinishedLines = ({ tasks, unfinished }: Ready, how: string): readonly string[] => {
  const known = unfinished.filter(({ name }) => tasks.includes(name));
  const goOn = known.reduce((sum, { count }) => sum + count, 0);
  const names = known.map(({ name, count }) => `${name}${count === 1 ? '' : ` (${count})`}`).join(', ');
  const lines = goOn === 0 ? [] : [`${goOn} unfinished ${goOn === 1 ? 'task goes' : 'tasks go'} on${how}: ${names}`];
  for (const { name, count } of unfinished)
    if (!tasks.includes(name))
      lines.push(
        `${count} ${name} ${count === 1 ? 'waits' : 'wait'}: the app has no task ${name} any more.${didYouMean(name, tasks)}`,
      );
  return lines;
};

/** A line that the node or the app printed. */
export const outputLines = (line: string, how: ErrorRendering): readonly string[] =>
  failureLines(line, how) ?? [nodeLineText(line, how.style) ?? line];

/** The failure of a task, as the node tells it where tasks are rehearsed. */
const failureLines = (line: string, how: ErrorRendering): readonly string[] | undefined => {
  if (!line.startsWith('{"level":') || !line.includes('"task.failed"')) return undefined;
  const { id, name, attempt, retryable, error: text } = JSON.parse(line) as Record<string, unknown>;
  if (typeof text !== 'string') return undefined;
  const error = decodeError(text);
  const { style } = how;
  const again = retryable === true ? ' (tried again unless its attempts are used up)' : '';
  const head = `${style.bad('failed:')} ${String(name)} ${String(id)} #${String(attempt)}${again}`;
  if (!isTuttiError(error) || error.code !== 'TASK_NONDETERMINISTIC') return [head, ...renderError(error, how)];
  const { expected, found } = error.details;
  return [
    head,
    style.bad(`NOT DETERMINISTIC: each time its code runs it must call the same steps, and here it did not.`),
    `  first  ${oneLine(String(expected))}`,
    `  again  ${oneLine(String(found))}`,
    `  Clocks, chance and whatever changes between two runs belong into ctx.run, and steps must not change variables`,
    `  outside of them: give what is needed back as their result. docs/errors/TASK_NONDETERMINISTIC.md`,
    `  If its code was changed while it ran, start the task anew.`,
  ];
};
