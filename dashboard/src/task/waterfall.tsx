/** The timeline of a task: its attempts, steps, children, waits and maps, one row each. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { AttemptView, StepView, TaskDetail } from '../../../src/protocol/task-detail.ts';
import { formatAge, formatMs, formatTime } from '../format.ts';
import { StateIcon } from '../frame/icon.tsx';
import { taskHref } from '../route.ts';
import { ErrorView } from '../values/error-view.tsx';
import { ValueView } from '../values/value-view.tsx';
import { MapNumbers, MapStrip } from './map-strip.tsx';
import { stepIcon } from './step-icon.tsx';
import { spaced, ticksOf } from './time-scale.ts';
import { type Bar, stepBar, type Timeline, timelineOf } from './timeline.ts';

const ticksWanted = 6;
/** A bar is at least so wide, in hundredths, so that it is seen. */
const widthMin = 0.35;

const stepStates = { pending: 'running', completed: 'completed', failed: 'failed' } as const;

export const Waterfall = ({
  detail,
  steps,
  nowMs,
}: {
  detail: TaskDetail;
  steps: readonly StepView[];
  nowMs: number;
}): JSX.Element => {
  const timeline = timelineOf(detail, steps, nowMs);
  const showAttempts =
    detail.attempts.length > 1 || detail.attempts.some(({ error }) => error !== undefined) || steps.length === 0;
  return (
    <div class="waterfall">
      <Axis timeline={timeline} />
      <ol>
        {showAttempts
          ? detail.attempts.map((attempt) => (
              <AttemptRow key={attempt.n} attempt={attempt} timeline={timeline} detail={detail} nowMs={nowMs} />
            ))
          : null}
        {steps.map((step) => (
          <StepRow
            key={step.index}
            step={step}
            timeline={timeline}
            nowMs={detail.status.finishedAt?.getTime() ?? nowMs}
          />
        ))}
      </ol>
    </div>
  );
};

const Axis = ({ timeline: { scale } }: { timeline: Timeline }): JSX.Element => (
  <div class="axis-row" aria-hidden="true">
    <span />
    <span class="track">
      {spaced(ticksOf(scale, ticksWanted), 9)
        .filter(({ at }) => at < 96)
        .map(({ timeMs, offsetMs, afterFoldMs, at }) => (
          <span key={timeMs} class="tick" style={{ left: `${at}%` }}>
            {afterFoldMs !== undefined ? `+${formatMs(afterFoldMs)}` : offsetMs === 0 ? '0' : formatMs(offsetMs)}
          </span>
        ))}
    </span>
    <span />
  </div>
);

/** What lies behind the bars of a row: lines at the ticks, and the folds. */
const Ground = ({ timeline: { scale } }: { timeline: Timeline }): JSX.Element => (
  <>
    {ticksOf(scale, ticksWanted).map(({ timeMs, at }) => (
      <span key={timeMs} class="grid-line" style={{ left: `${at}%` }} />
    ))}
    {scale.stretches
      .filter(({ folded }) => folded)
      .map(({ from, to, left, right }) => (
        <span
          key={from}
          class="fold"
          style={{ left: `${left}%`, width: `${right - left}%` }}
          title={`${formatMs(to - from)} in which nothing was done, folded`}
        />
      ))}
  </>
);

const BarView = ({
  bar,
  timeline,
  tone,
  children,
}: {
  bar: Bar;
  timeline: Timeline;
  tone: string;
  children?: JSX.Element | null;
}): JSX.Element => {
  const left = timeline.scale.at(bar.from);
  const width = Math.max(widthMin, timeline.scale.at(bar.to) - left);
  return (
    <span
      class={`bar-span ${tone} ${bar.open ? 'open' : ''}`}
      style={{ left: `${Math.min(left, 100 - widthMin)}%`, width: `${width}%` }}
    >
      {children}
    </span>
  );
};

const Row = ({
  icon,
  name,
  track,
  took,
  more,
}: {
  icon: JSX.Element;
  name: JSX.Element;
  track: JSX.Element;
  took: string;
  more: JSX.Element | null;
}): JSX.Element => {
  const [open, setOpen] = useState(false);
  return (
    <li class={open ? 'fall open' : 'fall'}>
      <div class="fall-row">
        <span class="fall-name clip">
          {more === null ? (
            <span class="twist" />
          ) : (
            <button
              type="button"
              class="twist"
              aria-expanded={open}
              aria-label="Details"
              onClick={() => setOpen(!open)}
            >
              <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
                <path d="M3.5 1.5 7 5 3.5 8.5" fill="none" stroke="currentColor" stroke-width="1.5" />
              </svg>
            </button>
          )}
          {icon}
          {name}
        </span>
        <span class="track" aria-hidden="true">
          {track}
        </span>
        <span class="number soft">{took}</span>
      </div>
      {open ? <div class="fall-more">{more}</div> : null}
    </li>
  );
};

const AttemptRow = ({
  attempt,
  timeline,
  detail,
  nowMs,
}: {
  attempt: AttemptView;
  timeline: Timeline;
  detail: TaskDetail;
  nowMs: number;
}): JSX.Element => {
  const { n, startedAt, endedAt, error, executor } = attempt;
  const end = endedAt ?? detail.status.finishedAt;
  const bar =
    startedAt === undefined
      ? undefined
      : { from: startedAt.getTime(), to: end?.getTime() ?? nowMs, open: end === undefined };
  const state =
    error !== undefined
      ? 'failed'
      : end === undefined
        ? 'running'
        : detail.status.state === 'cancelled'
          ? 'cancelled'
          : 'completed';
  return (
    <Row
      icon={
        <span class={`state state-${state}`}>
          <StateIcon state={state} />
          <span class="for-readers">{state}</span>
        </span>
      }
      name={
        <span class="clip">
          attempt {n}
          {executor === undefined ? null : <span class="faint"> on executor {executor}</span>}
        </span>
      }
      track={
        <>
          <Ground timeline={timeline} />
          {bar === undefined ? null : <BarView bar={bar} timeline={timeline} tone={`attempt ${state}`} />}
        </>
      }
      took={bar === undefined ? '' : formatMs(bar.to - bar.from)}
      more={error === undefined ? null : <ErrorView error={error} />}
    />
  );
};

const StepRow = ({ step, timeline, nowMs }: { step: StepView; timeline: Timeline; nowMs: number }): JSX.Element => {
  const bar = stepBar(step, nowMs);
  const { kind, name, state, child, result, error, map, dueAt } = step;
  const shownState = kind === 'sleep' && state === 'pending' ? 'waiting' : stepStates[state];
  const hasMore = result !== undefined || error !== undefined;
  return (
    <Row
      icon={
        <span class={`state state-${shownState}`}>
          {stepIcon(kind)}
          <span class="for-readers">
            {kind}, {state}
          </span>
        </span>
      }
      name={
        <span class="clip">
          {child === undefined ? name : <a href={taskHref(child)}>{name}</a>}
          {map === undefined ? null : <MapNumbers map={map} bar={bar} />}
        </span>
      }
      track={
        <>
          <Ground timeline={timeline} />
          {bar === undefined ? null : (
            <BarView bar={bar} timeline={timeline} tone={`${kind} ${state}`}>
              {map === undefined ? null : <MapStrip map={map} />}
            </BarView>
          )}
        </>
      }
      took={tookText(step, bar, dueAt, nowMs)}
      more={
        hasMore ? (
          <>
            {bar === undefined ? null : <p class="faint">Begun {formatTime(new Date(bar.from))}</p>}
            {error === undefined ? null : <ErrorView error={error} />}
            {result === undefined ? null : <ValueView shown={result} />}
          </>
        ) : null
      }
    />
  );
};

const tookText = (step: StepView, bar: Bar | undefined, dueAt: Date | undefined, nowMs: number): string => {
  if (bar === undefined) return '';
  if (step.state === 'pending' && dueAt !== undefined)
    return dueAt.getTime() > nowMs ? `due in ${formatAge(dueAt.getTime() - nowMs)}` : 'due';
  return formatMs(bar.to - bar.from);
};
