/** How the node does: what runs, how fast, what waits, what failed, and what it runs on. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Overview } from '../../../src/protocol/overview.ts';
import { formatAge, formatCount, formatMs, formatRate, formatShort, plural } from '../format.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { useHeading } from '../frame/use-heading.ts';
import { overview, overviewError } from '../link/overview.ts';
import { tasksHref } from '../route.ts';
import { Figure } from './figure.tsx';
import {
  addSample,
  oldestQueuedMs,
  percentiles,
  rateOf,
  recentRunTime,
  sumOf,
  sumOfColumn,
  type Totals,
  totalsOf,
} from './figures.ts';
import { FunctionTable } from './function-table.tsx';
import { StorageTables, ThreadTable } from './machine.tsx';
import { RunningNow } from './running-now.tsx';
import { TimeChart } from './time-chart.tsx';

type Seen = { readonly overview: Overview; readonly samples: readonly Totals[] };

export const OverviewPage = (): JSX.Element => {
  const [samples, setSamples] = useState<readonly Totals[]>([]);
  const heading = useHeading('Overview');
  const newest = overview.value;
  useEffect(() => {
    if (newest !== undefined) setSamples((before) => addSample(before, totalsOf(newest)));
  }, [newest]);
  return (
    <div class="sheet overview">
      <h1 class="for-readers" ref={heading} tabindex={-1}>
        Overview
      </h1>
      {overviewError.value === undefined ? null : <ErrorLine error={overviewError.value} />}
      {newest === undefined ? <p class="empty">Asking the node …</p> : <Seen overview={newest} samples={samples} />}
    </div>
  );
};

const Seen = ({ overview, samples }: Seen): JSX.Element => (
  <>
    <Figures overview={overview} samples={samples} />
    <Charts overview={overview} />
    <div class="halves">
      <div>
        <RunningNow />
        <FunctionTable functions={overview.functions} />
      </div>
      <div>
        <ThreadTable overview={overview} />
        <StorageTables overview={overview} />
      </div>
    </div>
  </>
);

const Figures = ({ overview, samples }: Seen): JSX.Element => {
  const { functions, executors, history, time, startedAt } = overview;
  const { stepMs } = history;
  const last = history.completed.at(-1);
  const rate = rateOf(samples, 'ended') ?? (typeof last === 'number' ? (last / stepMs) * 1_000 : undefined);
  const itemRate = rateOf(samples, 'items');
  const { p50Ms, p99Ms } = percentiles(recentRunTime(samples));
  const oldestMs = oldestQueuedMs(overview);
  const failed = sumOf(functions, 'failed');
  const slots = executors.reduce((sum, one) => sum + one.slots, 0);
  const busy = executors.reduce((sum, one) => sum + one.busy, 0);
  const threads = executors.filter((one) => one.busy > 0).length;
  const recentFailed = history.newest === undefined ? failed : sumOfColumn(history.failed);
  return (
    <dl class="figures">
      <Figure
        name="Running"
        value={formatCount(sumOf(functions, 'running'))}
        about={<a href={tasksHref({ state: 'running' })}>{formatCount(sumOf(functions, 'waiting'))} of them waiting</a>}
      />
      <Figure
        name="Queued"
        value={formatCount(sumOf(functions, 'queued'))}
        about={
          oldestMs === undefined
            ? `${formatCount(sumOf(functions, 'scheduled'))} scheduled`
            : `oldest for ${formatMs(oldestMs)}`
        }
      />
      <Figure
        name="Throughput"
        value={rate === undefined ? '–' : `${formatRate(rate)}/s`}
        about={
          itemRate !== undefined && itemRate > 0
            ? `and ${formatRate(itemRate)} map items/s`
            : `${formatShort(sumOf(functions, 'completed'))} completed`
        }
      />
      <Figure
        name="Run time p50"
        value={p50Ms === undefined ? '–' : formatMs(p50Ms)}
        about={p99Ms === undefined ? 'nothing ended yet' : `p99 ${formatMs(p99Ms)}`}
      />
      <Figure
        name="Failed in the last hour"
        value={formatCount(recentFailed)}
        bad={recentFailed > 0}
        about={
          <a href={tasksHref({ state: 'failed' })}>{plural(sumOfColumn(history.failedAttempts), 'attempt')} failed</a>
        }
      />
      <Figure
        name="Slots busy"
        value={`${formatCount(busy)} / ${formatCount(slots)}`}
        about={`${threads} of ${plural(executors.length, 'executor')} busy`}
      />
      <Figure
        name="Up for"
        value={formatAge(time.getTime() - startedAt.getTime())}
        about={`${plural(overview.partitions.filter(({ leading }) => leading).length, 'partition')} led`}
      />
    </dl>
  );
};

const Charts = ({ overview }: { overview: Overview }): JSX.Element => {
  const { history } = overview;
  const { stepMs, newest } = history;
  const perSecond = (value: number): string => `${formatRate((value / stepMs) * 1_000)}/s`;
  const shared = { stepMs, newest };
  const mapped = history.items.some((count) => count !== null && count > 0);
  return (
    <div class="charts">
      <TimeChart
        {...shared}
        title="Throughput"
        format={perSecond}
        series={[
          { label: mapped ? 'tasks' : 'completed', tone: 'main', values: history.completed },
          mapped
            ? { label: 'map items', tone: 'second', values: history.items, apart: true }
            : { label: 'started', tone: 'second', values: history.started },
        ]}
      />
      <TimeChart
        {...shared}
        title="Tasks alive"
        format={formatShort}
        series={[
          { label: 'queued', tone: 'main', values: history.queued },
          { label: 'running', tone: 'second', values: history.running },
        ]}
      />
      <TimeChart
        {...shared}
        title="Run time"
        powers
        format={formatMs}
        series={[
          { label: 'p50', tone: 'main', values: history.runP50Ms },
          { label: 'p99', tone: 'second', values: history.runP99Ms },
        ]}
      />
      <TimeChart
        {...shared}
        title="Failures"
        format={formatShort}
        series={[
          { label: 'tasks', tone: 'bad', values: history.failed },
          { label: 'attempts', tone: 'second', values: history.failedAttempts },
        ]}
      />
    </div>
  );
};
