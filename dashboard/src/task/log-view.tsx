/** What a task logs, as it comes. Stays at the newest line while one is there. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { formatClock, formatCount } from '../format.ts';
import { describeFields } from './log-fields.ts';
import type { LogEvent } from './use-task.ts';

const shownAtFirst = 500;

export const LogView = ({ lines, lost }: { lines: readonly LogEvent[]; lost: number }): JSX.Element => {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [shown, setShown] = useState(shownAtFirst);
  const newest = lines.at(-1)?.index;
  // A newer line is why it scrolls.
  useLayoutEffect(() => {
    if (atEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [newest]);
  const hidden = Math.max(0, lines.length - shown);
  return (
    <div
      class="log mono"
      ref={box}
      role="log"
      aria-label="Log"
      tabindex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        atEnd.current = scrollTop + clientHeight > scrollHeight - 24;
      }}
    >
      {lost > 0 ? (
        <p class="faint">{formatCount(lost)} earlier lines are not kept on this page: `tutti logs` has them.</p>
      ) : null}
      {hidden > 0 ? (
        <button type="button" class="plain" onClick={() => setShown(lines.length)}>
          {formatCount(hidden)} earlier lines
        </button>
      ) : null}
      {lines.slice(-shown).map(({ index, time, level, message, fields, attempt }) => (
        <p key={index} class={`log-line level-${level}`}>
          <time class="faint" dateTime={time.toISOString()} title={`attempt ${attempt}`}>
            {formatClock(time)}
          </time>
          <span class="level">{level}</span>
          <span class="log-text">
            {message}
            {fields === undefined ? null : <span class="faint"> {describeFields(fields)}</span>}
          </span>
        </p>
      ))}
    </div>
  );
};
