/** A trace as lines for a person: when, where, what. */
import type { Trace, TraceEvent, TraceMessage } from './trace.ts';

const timeWidth = 12;
const placeWidth = 14;

/** `messages`: those too, each where it is sent. */
export const traceLines = (trace: Trace, messages: boolean): readonly string[] =>
  trace.entries.filter(({ type }) => messages || type === 'event').map((entry) => lineOf(entry, trace.nowMs));

const lineOf = (entry: TraceEvent | TraceMessage, endMs: number): string => {
  const place = entry.type === 'event' ? entry.lane : `${entry.from} > ${entry.to}`;
  const what =
    entry.type === 'event' ? `${entry.kind} ${entry.text}` : `${entry.kind} ${entry.text} (${fateText(entry, endMs)})`;
  return `${entry.atMs.toFixed(3).padStart(timeWidth)}  ${place.padEnd(placeWidth)}  ${what}`.trimEnd();
};

/** What became of a message. */
const fateText = ({ fate, arrivesMs = 0, repeated }: TraceMessage, endMs: number): string => {
  const copy = repeated ? ', a repeat' : '';
  const at = arrivesMs.toFixed(3);
  switch (fate) {
    case 'lost':
      return `lost${copy}`;
    case 'arrived':
      return `arrives ${at}${copy}`;
    case 'cut':
      return `cut off ${at}${copy}`;
    case 'under way':
      return `${arrivesMs > endMs ? 'would arrive' : 'nobody there at'} ${at}${copy}`;
    default:
      return fate satisfies never;
  }
};
