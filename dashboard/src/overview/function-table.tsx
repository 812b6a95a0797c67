/** What became of the tasks of each name. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { lackingText } from '../../../src/protocol/cluster-words.ts';
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

/** Names that are shown at first: an app may have a thousand. */
const rowsShown = 50;

const columns: readonly (readonly [text: string, about: string])[] = [
  ['Running', 'Running, or waiting for steps'],
  ['Queued', 'Queued, or scheduled for later'],
  ['Completed', 'Since the node began'],
  ['Failed', 'Tasks that failed, since the node began'],
  ['Retries', 'Attempts that failed and were made again'],
  ['Run p50', 'Half of the attempts took no longer'],
  ['p99', '99 of 100 attempts took no longer'],
  ['Wait p50', 'From when it could run to when it ran'],
  ['p99', 'From when it could run to when it ran'],
];

export const FunctionTable = ({ functions }: { functions: readonly FunctionOverview[] }): JSX.Element => {
  const [all, setAll] = useState(false);
  const shown = all ? functions : functions.slice(0, rowsShown);
  const mapped = functions.some(({ items }) => items > 0);
  return (
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
                {columns.map(([text, about], index) => (
                  <th key={index} scope="col" class="number" title={about}>
                    {text}
                  </th>
                ))}
                {mapped ? (
                  <th scope="col" class="number" title="Items of maps that are done; they are no tasks">
                    Map items
                  </th>
                ) : null}
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => (
                <FunctionRow key={one.name ?? ''} one={one} mapped={mapped} />
              ))}
            </tbody>
          </table>
          {shown.length === functions.length ? null : (
            <button type="button" class="plain" onClick={() => setAll(true)}>
              All {formatCount(functions.length)} names
            </button>
          )}
        </div>
      )}
    </section>
  );
};

const FunctionRow = ({ one, mapped }: { one: FunctionOverview; mapped: boolean }): JSX.Element => {
  const { name } = one;
  const of = (state: string): { href?: string } => (name === undefined ? {} : { href: tasksHref({ name, state }) });
  return (
    <tr>
      <th scope="row">
        {name === undefined ? 'all others' : <a href={tasksHref({ name })}>{name}</a>}
        {one.lacking === undefined ? null : (
          <span class="state-failed"> {lackingText(one.lacking)}: no app has it</span>
        )}
      </th>
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
      {mapped ? (
        <td class="number">
          <Count count={one.items} />
        </td>
      ) : null}
    </tr>
  );
};
