/** What became of the tasks of each name. */
import type { JSX } from 'preact';
import type { FunctionOverview, Histogram } from '../../../src/protocol/overview.ts';
import { formatCount, formatMs } from '../format.ts';
import { startHref, tasksHref } from '../route.ts';
import { percentiles } from './figures.ts';

const Count = ({ count, href, bad = false }: { count: number; href?: string; bad?: boolean }): JSX.Element =>
  count === 0 ? (
    <span class="faint">0</span>
  ) : href === undefined ? (
    <span>{formatCount(count)}</span>
  ) : (
    <a href={href} class={bad ? 'state-failed' : undefined}>
      {formatCount(count)}
    </a>
  );

const shown = (ms: number | undefined): string => (ms === undefined ? '–' : formatMs(ms));
const Times = ({ of }: { of: Histogram }): JSX.Element => {
  const { p50Ms, p99Ms } = percentiles(of);
  return (
    <>
      <td class="number">{shown(p50Ms)}</td>
      <td class="number">{shown(p99Ms)}</td>
    </>
  );
};

export const FunctionTable = ({ functions }: { functions: readonly FunctionOverview[] }): JSX.Element => (
  <section aria-labelledby="functions-heading">
    <h2 id="functions-heading">Tasks by name</h2>
    {functions.length === 0 ? (
      <p class="empty">
        Nothing has run since the node began. <a href={startHref()}>Start a task</a>
      </p>
    ) : (
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                Running
              </th>
              <th scope="col" class="number">
                Queued
              </th>
              <th scope="col" class="number">
                Completed
              </th>
              <th scope="col" class="number">
                Failed
              </th>
              <th scope="col" class="number">
                Retries
              </th>
              <th scope="col" class="number">
                Run p50
              </th>
              <th scope="col" class="number">
                p99
              </th>
              <th scope="col" class="number">
                Wait p50
              </th>
              <th scope="col" class="number">
                p99
              </th>
            </tr>
          </thead>
          <tbody>
            {functions.map((one) => (
              <FunctionRow key={one.name ?? ''} one={one} />
            ))}
          </tbody>
        </table>
      </div>
    )}
  </section>
);

const FunctionRow = ({ one }: { one: FunctionOverview }): JSX.Element => {
  const { name } = one;
  const of = (state: string): { href?: string } => (name === undefined ? {} : { href: tasksHref({ name, state }) });
  return (
    <tr>
      <th scope="row">{name === undefined ? 'all others' : <a href={tasksHref({ name })}>{name}</a>}</th>
      <td class="number">
        <Count count={one.running} {...of('running')} />
      </td>
      <td class="number">
        <Count count={one.queued + one.scheduled} {...of('queued')} />
      </td>
      <td class="number">
        <Count count={one.completed} />
      </td>
      <td class="number">
        <Count count={one.failed} bad {...of('failed')} />
      </td>
      <td class="number">
        <Count count={Math.max(0, one.failedAttempts - one.failed)} />
      </td>
      <Times of={one.runTime} />
      <Times of={one.waitTime} />
    </tr>
  );
};
