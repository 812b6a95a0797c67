/** One number that is to be seen first, with what it is and what belongs to it. */
import type { JSX } from 'preact';

export const Figure = ({
  name,
  value,
  about,
  bad = false,
}: {
  name: string;
  value: string;
  about: JSX.Element | string;
  bad?: boolean;
}): JSX.Element => (
  <div class="figure">
    <dt>{name}</dt>
    <dd class={bad ? 'value state-failed' : 'value'}>{value}</dd>
    <dd class="faint">{about}</dd>
  </div>
);
