/** One task: what it is, where it stands, what it did and when, and what came of it. */
import type { JSX } from 'preact';
import type { TaskDetail } from '../../../src/protocol/task-detail.ts';
import { now } from '../clock.ts';
import { formatCount, formatMs, formatTime, plural } from '../format.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { StateBadge } from '../frame/icon.tsx';
import { useHeading } from '../frame/use-heading.ts';
import { taskHref, tasksHref } from '../route.ts';
import { Bar } from '../tasks/progress.tsx';
import { ErrorView } from '../values/error-view.tsx';
import { ValueView } from '../values/value-view.tsx';
import { CopyButton } from './copy-button.tsx';
import { LogView } from './log-view.tsx';
import { TaskActions } from './task-actions.tsx';
import { type TaskViewState, useTask } from './use-task.ts';
import { Waits } from './waits.tsx';
import { Waterfall } from './waterfall.tsx';

export const TaskPage = ({ id }: { id: string }): JSX.Element => {
  const task = useTask(id);
  const { detail, error } = task;
  const heading = useHeading(detail?.status.name ?? id);
  return (
    <div class="sheet task">
      <nav aria-label="Way back" class="crumbs">
        <a href={tasksHref()}>Tasks</a>
        {detail?.status.parent === undefined ? null : (
          <>
            <span class="faint">/</span>
            <a href={taskHref(detail.status.parent)}>parent</a>
          </>
        )}
      </nav>
      <h1 ref={heading} tabindex={-1}>
        {detail?.status.name ?? (detail === null ? 'No such task' : id)}
      </h1>
      {error === undefined ? null : <ErrorLine error={error} />}
      {detail === undefined ? (
        <p class="empty">Asking the node …</p>
      ) : detail === null ? (
        <p class="soft">
          There is no task with the id <code>{id}</code>: it was never there, or was finished so long ago that it is not
          kept.
        </p>
      ) : (
        <Known task={task} detail={detail} />
      )}
    </div>
  );
};

const Known = ({ task, detail }: { task: TaskViewState; detail: TaskDetail }): JSX.Element => {
  const { status, input, result } = detail;
  const { steps, moreSteps, lines, linesLost, renew } = task;
  return (
    <>
      <div class="task-top">
        <Facts detail={detail} />
        <TaskActions status={status} done={renew} />
      </div>
      <ProgressLine detail={detail} />
      <Waits detail={detail} steps={steps} nowMs={now.value} />
      {status.error === undefined ? null : (
        <section aria-labelledby="error-heading">
          <h2 id="error-heading">Error</h2>
          <ErrorView error={status.error} />
        </section>
      )}
      <section aria-labelledby="timeline-heading">
        <h2 id="timeline-heading">Timeline</h2>
        <Waterfall detail={detail} steps={steps} nowMs={now.value} />
        {moreSteps === undefined ? null : (
          <button type="button" onClick={moreSteps}>
            More steps
          </button>
        )}
      </section>
      <div class="values">
        <section aria-labelledby="input-heading">
          <h2 id="input-heading">Input</h2>
          <ValueView shown={input} />
        </section>
        <section aria-labelledby="result-heading">
          <h2 id="result-heading">Result</h2>
          {result === undefined ? (
            <p class="faint">{status.finishedAt === undefined ? 'None yet.' : 'None.'}</p>
          ) : (
            <ValueView shown={result} />
          )}
        </section>
      </div>
      <section aria-labelledby="log-heading">
        <h2 id="log-heading">Log</h2>
        {lines.length === 0 ? <p class="faint">Nothing logged.</p> : <LogView lines={lines} lost={linesLost} />}
      </section>
    </>
  );
};

const Facts = ({ detail: { status, attempts, children } }: { detail: TaskDetail }): JSX.Element => {
  const { id, state, key, createdAt, startedAt, finishedAt, steps } = status;
  const end = finishedAt?.getTime() ?? now.value;
  const facts: readonly (readonly [string, JSX.Element | string] | undefined)[] = [
    ['State', <StateBadge state={state} />],
    [
      'Id',
      <>
        <span class="mono">{id}</span> <CopyButton text={id} what="id" />
      </>,
    ],
    key === undefined ? undefined : ['Key', <span class="mono">{key}</span>],
    ['Made', formatTime(createdAt)],
    startedAt === undefined ? undefined : ['Waited', formatMs(Math.max(0, startedAt.getTime() - createdAt.getTime()))],
    startedAt === undefined
      ? undefined
      : [finishedAt === undefined ? 'Runs for' : 'Took', formatMs(Math.max(0, end - startedAt.getTime()))],
    ['Attempts', formatCount(Math.max(status.attempts, attempts.length))],
    ['Steps', formatCount(steps)],
    children === 0 ? undefined : ['Children', plural(children, 'task')],
  ];
  return (
    <dl class="facts">
      {facts
        .filter((fact) => fact !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
};

const ProgressLine = ({ detail: { status } }: { detail: TaskDetail }): JSX.Element | null => {
  const { progress } = status;
  if (progress === undefined || status.finishedAt !== undefined) return null;
  const { done, total, message } = progress;
  return (
    <p class="progress-line">
      {total > 0 ? <Bar part={done / total} label={`${Math.floor((done / total) * 100)} percent done`} /> : null}
      <span>
        {formatCount(done)}
        {total > 0 ? ` of ${formatCount(total)}` : ''}
      </span>
      {message === undefined ? null : <span class="soft clip">{message}</span>}
    </p>
  );
};
