/** The newest tasks that are not finished. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { TaskStatus } from '../../../src/protocol/task-view.ts';
import { now } from '../clock.ts';
import { formatAge } from '../format.ts';
import { StateBadge } from '../frame/icon.tsx';
import { useStream } from '../link/use-stream.ts';
import { taskHref, tasksHref } from '../route.ts';
import { Progress } from '../tasks/progress.tsx';

const shown = 8;

export const RunningNow = (): JSX.Element => {
  const [tasks, setTasks] = useState<readonly TaskStatus[]>();
  useStream(
    (link, signal) => link.pages({ state: 'unfinished', topLevel: true, limit: shown }, signal),
    (page) => setTasks(page.tasks),
  );
  return (
    <section aria-labelledby="running-heading">
      <h2 id="running-heading">
        Not finished <a href={tasksHref({ state: 'unfinished' })}>all</a>
      </h2>
      {tasks === undefined ? null : tasks.length === 0 ? (
        <p class="empty">Nothing runs and nothing waits.</p>
      ) : (
        <table>
          <thead class="for-readers">
            <tr>
              <th scope="col">Task</th>
              <th scope="col">State</th>
              <th scope="col" class="roomy-only">
                Progress
              </th>
              <th scope="col">Age</th>
            </tr>
          </thead>
          <tbody>
            {tasks.map((task) => (
              <tr key={task.id}>
                <th scope="row" class="clip">
                  <a href={taskHref(task.id)}>{task.name}</a>
                  {task.key === undefined ? null : <span class="faint"> {task.key}</span>}
                </th>
                <td>
                  <StateBadge state={task.state} />
                </td>
                <td class="progress-cell roomy-only">
                  <Progress task={task} />
                </td>
                <td class="number soft">{formatAge(now.value - task.createdAt.getTime())}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};
