/** A drawing for each kind of step; its colour says how it is. */
import type { JSX } from 'preact';
import type { StepKindName } from '../../../src/protocol/task-detail.ts';
import { svg } from '../frame/icon.tsx';

const thin = (children: JSX.Element): JSX.Element => svg(children, 1.5);

const icons: Readonly<Record<StepKindName, JSX.Element>> = {
  run: thin(<path d="M4 2.5 11 7l-7 4.5z" stroke-linejoin="round" />),
  sleep: thin(
    <>
      <circle cx="7" cy="7" r="5.2" />
      <path d="M7 4v3.2l2 1.3" />
    </>,
  ),
  call: thin(<path d="M2 4h5.5v6H12M9.6 7.6 12 10l-2.4 2.4" />),
  start: thin(<path d="M2 7h9M7.8 3.4 11.4 7l-3.6 3.6" />),
  join: thin(<path d="M12 4H6.5v6H2M4.4 7.6 2 10l2.4 2.4" />),
  map: thin(<path d="M2 2.5h3.4v3.4H2zM8.6 2.5H12v3.4H8.6zM2 8.2h3.4v3.4H2zM8.6 8.2H12v3.4H8.6z" />),
};

export const stepIcon = (kind: StepKindName): JSX.Element => icons[kind];
