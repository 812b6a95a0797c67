/** A drawing for each kind of step; its colour says how it is. */
import type { JSX } from 'preact';
import type { StepKindName } from '../../../src/protocol/task-detail.ts';

const svg = (children: JSX.Element): JSX.Element => (
  <svg
    width="14"
    height="14"
    viewBox="0 0 14 14"
    fill="none"
    stroke="currentColor"
    stroke-width="1.5"
    aria-hidden="true"
  >
    {children}
  </svg>
);

const icons: Readonly<Record<StepKindName, JSX.Element>> = {
  run: svg(<path d="M4 2.5 11 7l-7 4.5z" stroke-linejoin="round" />),
  sleep: svg(
    <>
      <circle cx="7" cy="7" r="5.2" />
      <path d="M7 4v3.2l2 1.3" />
    </>,
  ),
  call: svg(<path d="M2 4h5.5v6H12M9.6 7.6 12 10l-2.4 2.4" />),
  start: svg(<path d="M2 7h9M7.8 3.4 11.4 7l-3.6 3.6" />),
  join: svg(<path d="M12 4H6.5v6H2M4.4 7.6 2 10l2.4 2.4" />),
  map: svg(<path d="M2 2.5h3.4v3.4H2zM8.6 2.5H12v3.4H8.6zM2 8.2h3.4v3.4H2zM8.6 8.2H12v3.4H8.6z" />),
};

export const stepIcon = (kind: StepKindName): JSX.Element => icons[kind];
