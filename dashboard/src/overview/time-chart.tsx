/** A small chart of the last hour. What is pointed at is told in all charts at once; with the keyboard by the arrow keys. */
import { signal } from '@preact/signals';
import type { JSX } from 'preact';
import type { HistoryColumn } from '../../../src/protocol/overview.ts';
import { formatClock } from '../format.ts';
import { areaPath, evenScale, linePath, powerScale, type ValueScale, windowSteps } from './chart-scale.ts';

export type Series = {
  readonly label: string;
  readonly tone: 'main' | 'second' | 'bad';
  readonly values: HistoryColumn;
  /** It has a scale of its own, told at the right. */
  readonly apart?: boolean;
};

/** How many steps before the newest one is pointed at. */
const pointed = signal<number | undefined>(undefined);

export const TimeChart = ({
  title,
  series,
  stepMs,
  newest,
  format,
  powers = false,
}: {
  title: string;
  series: readonly Series[];
  stepMs: number;
  newest: Date | undefined;
  format: (value: number) => string;
  /** Each power of ten is as high as the next. */
  powers?: boolean;
}): JSX.Element => {
  const points = series[0]?.values.length ?? 0;
  const steps = windowSteps(points, stepMs);
  const columnsOf = (apart: boolean): readonly HistoryColumn[] =>
    series.filter((one) => (one.apart ?? false) === apart).map(({ values }) => values);
  const scale = (powers ? powerScale : evenScale)(columnsOf(false), steps);
  const apartColumns = columnsOf(true);
  const apartScale = apartColumns.length === 0 ? undefined : evenScale(apartColumns, steps);
  const scaleOf = (apart: boolean): ValueScale => (apart ? (apartScale ?? scale) : scale);
  const back = pointed.value === undefined ? undefined : Math.min(pointed.value, points - 1);
  const valueAt = (values: HistoryColumn): number | null => values.at(-1 - (back ?? 0)) ?? null;
  const minutes = Math.round((steps * stepMs) / 60_000);

  const point = (event: PointerEvent): void => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const step = Math.round(((event.clientX - box.left) / box.width) * steps);
    pointed.value = Math.max(0, Math.min(steps - step, points - 1));
  };
  const onKey = (event: KeyboardEvent): void => {
    const move = { ArrowLeft: 1, ArrowRight: -1 }[event.key];
    if (event.key === 'Escape') pointed.value = undefined;
    if (move === undefined || points === 0) return;
    event.preventDefault();
    pointed.value = Math.max(0, Math.min((back ?? -1) + move, points - 1));
  };
  const leave = (): void => {
    pointed.value = undefined;
  };
  const told = series.map(({ label, values }) => {
    const value = valueAt(values);
    return `${label} ${value === null ? 'none' : format(value)}`;
  });
  const when = newest === undefined ? '' : formatClock(new Date(newest.getTime() - (back ?? 0) * stepMs)).slice(0, 8);

  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ label, tone, values }) => {
            const value = valueAt(values);
            return (
              <li key={label}>
                <span class={`key ${tone}`} aria-hidden="true" />
                <span class="soft">{label}</span> <b>{value === null ? '–' : format(value)}</b>
              </li>
            );
          })}
        </ul>
      </figcaption>
      <div
        class="plot"
        role="slider"
        tabindex={0}
        aria-label={`${title}, the last ${minutes} minutes`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, points - 1)}
        aria-valuenow={Math.max(0, points - 1 - (back ?? 0))}
        aria-valuetext={points === 0 ? 'No point yet' : `${when}: ${told.join(', ')}`}
        onPointerMove={point}
        onPointerLeave={leave}
        onKeyDown={onKey}
        onBlur={leave}
      >
        <svg viewBox={`0 0 ${steps} 100`} preserveAspectRatio="none" aria-hidden="true">
          <path class="grid" d={`M0 0H${steps}M0 50H${steps}M0 100H${steps}`} />
          {series.map(({ label, tone, values, apart = false }) => (
            <g key={label} class={tone}>
              {tone === 'second' ? null : <path class="area" d={areaPath(values, steps, scaleOf(apart).heightOf)} />}
              <path class="line" d={linePath(values, steps, scaleOf(apart).heightOf)} />
            </g>
          ))}
          {back === undefined ? null : <path class="cross" d={`M${steps - back} 0V100`} />}
        </svg>
        <span class="most faint">{format(scale.most)}</span>
        {powers ? <span class="least faint">{format(scale.least)}</span> : null}
        {apartScale === undefined ? null : <span class="most right faint">{format(apartScale.most)}</span>}
        {points === 0 ? (
          <span class="none faint">The first point comes within {(2 * stepMs) / 1_000} seconds</span>
        ) : null}
      </div>
      <div class="axis faint" aria-hidden="true">
        <span>−{minutes} min</span>
        <span>{back === undefined ? '' : when}</span>
        <span>now</span>
      </div>
    </figure>
  );
};
