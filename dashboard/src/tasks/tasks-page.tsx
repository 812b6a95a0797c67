/** All tasks, the newest first, narrowed down by what the address bar says. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { TaskStatus } from '../../../src/protocol/task-view.ts';
import { now } from '../clock.ts';
import { formatAge, formatCount, formatMs, formatTime } from '../format.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { StateBadge } from '../frame/icon.tsx';
import { useHeading } from '../frame/use-heading.ts';
import { route, startHref, taskHref } from '../route.ts';
import { FilterBar } from './filter-bar.tsx';
import { Progress } from './progress.tsx';
import { filterOf } from './task-filter.ts';
import { useTaskList } from './use-task-list.ts';
import { VirtualRows } from './virtual-rows.tsx';

const rowHeight = 34;

export const TasksPage = (): JSX.Element => {
  const heading = useHeading('Tasks');
  const search = useRef<HTMLInputElement>(null);
  const { query } = route.value;
  const filterText = query.toString();
  // "The last hour" is that before the filter was chosen.
  // The text stands for the query.
  const filter = useMemo(() => filterOf(query, Date.now()), [filterText]);
  const { pages, loading, error, loadMore, seen } = useTaskList(filter, filterText);
  const { tasks, more } = pages;
  const counted = loading
    ? ''
    : `${formatCount(tasks.length)}${more === undefined ? '' : '+'} ${tasks.length === 1 ? 'task' : 'tasks'}`;
  // Read out when the filter has changed, not with every task that comes.
  const announced = useMemo(() => counted, [filterText, loading]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      search.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  const foot =
    error !== undefined ? null : loading ? (
      <p key="asking" class="empty">
        Asking the node …
      </p>
    ) : more !== undefined ? (
      // Another one than the line before: that stood where the first rows come, and did not move down.
      <p key="more" class="empty">
        <button type="button" onClick={loadMore}>
          Show older tasks
        </button>
      </p>
    ) : tasks.length === 0 ? (
      <p class="empty">
        {filterText === '' ? 'No task yet.' : 'No task is like this.'} <a href={startHref()}>Start one</a>
      </p>
    ) : null;

  return (
    <div class="tasks-page">
      <div class="tasks-top">
        <h1 ref={heading} tabindex={-1}>
          Tasks
        </h1>
        <FilterBar query={query} search={search} />
        <p class="faint count">{counted}</p>
        <p class="for-readers" role="status">
          {announced}
        </p>
      </div>
      {error === undefined ? null : <ErrorLine error={error} />}
      <VirtualRows
        rows={tasks}
        rowHeight={rowHeight}
        keyOf={(task) => task.id}
        label="Tasks"
        columns={7}
        head={head}
        render={(task) => <Row task={task} />}
        foot={foot}
        onSight={(first, last) => {
          seen(first);
          if (last >= tasks.length - 50 && last > 0) loadMore();
        }}
      />
    </div>
  );
};

const head = (
  <>
    <span role="columnheader">State</span>
    <span role="columnheader">Task</span>
    <span role="columnheader" class="wide-only">
      Id
    </span>
    <span role="columnheader">Progress</span>
    <span role="columnheader" class="number wide-only">
      Attempts
    </span>
    <span role="columnheader" class="number wide-only">
      Took
    </span>
    <span role="columnheader" class="number">
      Made
    </span>
  </>
);

const Row = ({ task }: { task: TaskStatus }): JSX.Element => (
  <>
    <span role="cell">
      <StateBadge state={task.state} />
    </span>
    <span role="cell" class="clip">
      <a href={taskHref(task.id)}>{task.name}</a>
      {task.key === undefined ? null : <span class="faint"> {task.key}</span>}
    </span>
    <span role="cell" class="mono faint wide-only clip">
      {task.id}
    </span>
    <span role="cell" class="clip">
      {task.error === undefined ? <Progress task={task} /> : <span class="faint">{task.error.message}</span>}
    </span>
    <span role="cell" class={`number wide-only ${task.attempts > 1 ? '' : 'faint'}`}>
      {task.attempts}
    </span>
    <span role="cell" class="number wide-only soft">
      <Took task={task} />
    </span>
    <span role="cell" class="number soft" title={formatTime(task.createdAt)}>
      {formatAge(now.value - task.createdAt.getTime())}
    </span>
  </>
);

const Took = ({ task: { startedAt, finishedAt } }: { task: TaskStatus }): JSX.Element | null => {
  if (startedAt === undefined) return null;
  if (finishedAt !== undefined) return <>{formatMs(finishedAt.getTime() - startedAt.getTime())}</>;
  return <>{formatAge(now.value - startedAt.getTime())}</>;
};
