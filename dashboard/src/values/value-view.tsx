/** A value as a tree: what it is, and what stands in it, opened level by level. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ShownValue } from '../../../src/protocol/task-detail.ts';
import { formatCount } from '../format.ts';
import { describeValue, type Part } from './describe-value.ts';

/** Parts that are shown at first, and with each more. */
const partsShown = 100;
/** Small values are open so deep. */
const openDepth = 2;
const openParts = 24;
const textShown = 400;

const Text = ({ text, tone }: { text: string; tone: string }): JSX.Element => {
  const [all, setAll] = useState(false);
  if (text.length <= textShown || all) return <span class={`value-${tone}`}>{text}</span>;
  return (
    <>
      <span class={`value-${tone}`}>{text.slice(0, textShown)}…</span>{' '}
      <button type="button" class="plain" onClick={() => setAll(true)}>
        all {formatCount(text.length)} characters
      </button>
    </>
  );
};

const Line = ({ label, value }: { label: string | undefined; value: unknown }): JSX.Element => {
  const { kind, text, tone } = describeValue(value);
  return (
    <>
      {label === undefined ? null : <span class="value-label">{label}: </span>}
      {kind === undefined ? null : <span class="value-kind">{kind} </span>}
      <Text text={text} tone={tone} />
    </>
  );
};

const Node = ({ label, value, depth }: { label: string | undefined; value: unknown; depth: number }): JSX.Element => {
  const { parts } = describeValue(value);
  const [open, setOpen] = useState(depth < openDepth && parts.length <= openParts);
  if (parts.length === 0)
    return (
      <div class="value-leaf">
        <Line label={label} value={value} />
      </div>
    );
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Line label={label} value={value} />
      </summary>
      {open ? <Parts parts={parts} depth={depth} /> : null}
    </details>
  );
};

export const Parts = ({ parts, depth }: { parts: readonly Part[]; depth: number }): JSX.Element => {
  const [shown, setShown] = useState(partsShown);
  return (
    <div class="value-parts">
      {parts.slice(0, shown).map((part) => (
        <Node key={part.label} label={part.label} value={part.value} depth={depth + 1} />
      ))}
      {parts.length > shown ? (
        <button type="button" class="plain" onClick={() => setShown(shown + partsShown)}>
          {formatCount(parts.length - shown)} more
        </button>
      ) : null}
    </div>
  );
};

export const ValueView = ({ shown }: { shown: ShownValue }): JSX.Element => (
  <div class="value mono">
    {'value' in shown ? (
      <Node label={undefined} value={shown.value} depth={0} />
    ) : (
      <>
        <pre class="value-begin">{shown.begin}…</pre>
        <p class="faint">The beginning of {formatCount(shown.chars)} characters in JSON form.</p>
      </>
    )}
  </div>
);
