/** Small drawings, 14 by 14. States differ in shape, so that colour is never all that tells them apart. */
import type { JSX } from 'preact';
import type { TaskStateName } from '../../../src/protocol/task-view.ts';

/** A drawing with lines of so many points. */
export const svg = (children: JSX.Element, lineWidth = 1.6): JSX.Element => (
  <svg
    width="14"
    height="14"
    viewBox="0 0 14 14"
    fill="none"
    stroke="currentColor"
    stroke-width={lineWidth}
    aria-hidden="true"
  >
    {children}
  </svg>
);

const stateIcons: Readonly<Record<TaskStateName, JSX.Element>> = {
  scheduled: svg(
    <>
      <circle cx="7" cy="7" r="5.4" />
      <path d="M7 4.2V7l1.9 1.6" />
    </>,
  ),
  queued: svg(<circle cx="7" cy="7" r="5.4" stroke-dasharray="2.2 2.04" />),
  running: svg(
    <g class="turning">
      <circle cx="7" cy="7" r="5.4" opacity="0.3" />
      <path d="M7 1.6A5.4 5.4 0 0 1 12.4 7" stroke-width="2" />
    </g>,
  ),
  waiting: svg(
    <>
      <circle cx="7" cy="7" r="5.4" />
      <path d="M5.4 5v4M8.6 5v4" />
    </>,
  ),
  completed: svg(
    <>
      <circle cx="7" cy="7" r="6" fill="currentColor" stroke="none" />
      <path d="M4.3 7.2 6.2 9l3.5-3.7" stroke="var(--ground)" />
    </>,
  ),
  failed: svg(
    <>
      <path d="M7 .6 13.4 7 7 13.4.6 7z" fill="currentColor" stroke="none" />
      <path d="M5.2 5.2l3.6 3.6M8.8 5.2 5.2 8.8" stroke="var(--ground)" />
    </>,
  ),
  cancelled: svg(
    <>
      <circle cx="7" cy="7" r="5.4" />
      <path d="M3.4 10.6l7.2-7.2" />
    </>,
  ),
};

export const StateIcon = ({ state }: { state: TaskStateName }): JSX.Element => stateIcons[state];

/** The icon and the name of a state. */
export const StateBadge = ({ state }: { state: TaskStateName }): JSX.Element => (
  <span class={`state state-${state}`}>
    <StateIcon state={state} />
    {state}
  </span>
);

export const brandIcon: JSX.Element = (
  <svg width="18" height="18" viewBox="0 0 16 16" aria-hidden="true">
    <rect width="16" height="16" rx="3.5" fill="currentColor" />
    <g fill="#fff">
      <rect x="3" y="4" width="6" height="1.8" rx=".9" />
      <rect x="5" y="7.1" width="8" height="1.8" rx=".9" />
      <rect x="3.5" y="10.2" width="7" height="1.8" rx=".9" />
    </g>
  </svg>
);

export const sunIcon = svg(
  <>
    <circle cx="7" cy="7" r="2.6" />
    <path
      d="M7 .8v1.6M7 11.6v1.6M.8 7h1.6M11.6 7h1.6M2.6 2.6l1.1 1.1M10.3 10.3l1.1 1.1M2.6 11.4l1.1-1.1M10.3 3.7l1.1-1.1"
      stroke-width="1.3"
    />
  </>,
);
export const moonIcon = svg(<path d="M11.8 8.6A5.2 5.2 0 0 1 5.4 2.2a5.2 5.2 0 1 0 6.4 6.4z" stroke-width="1.4" />);
export const screenIcon = svg(<path d="M1.6 2.6h10.8v7H1.6zM4.6 12h4.8" stroke-width="1.4" />);
export const openDot = svg(<circle cx="7" cy="7" r="3.6" fill="currentColor" stroke="none" />);
export const lostDot = svg(<path d="M7 2l5.6 10H1.4zM7 6v2.6M7 10v.9" stroke-width="1.4" />);
export const waitDot = svg(<circle cx="7" cy="7" r="3.6" stroke-dasharray="2 1.77" />);
