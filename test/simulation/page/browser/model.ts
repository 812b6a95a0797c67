/**
 * The run in the browser: events and messages as one sequence of things by number, first all messages, then all events, each
 * in the order of time.
 */
import { eventFields, fates, messageFields, type PageRun } from '../page-data.ts';

/** A thing that happened: a message, or an event. */
export type Thing = {
  readonly number: number;
  readonly atUs: number;
  /** A message's arrival; -1: it was lost; undefined: it is an event. */
  readonly arrivesUs: number | undefined;
  readonly from: number;
  readonly to: number;
  readonly kind: number;
  readonly text: number;
  readonly sizeBytes: number;
  /** As a set of bits. */
  readonly partitions: number;
  readonly fate: (typeof fates)[number];
  readonly repeated: boolean;
};

export type Model = {
  readonly run: PageRun;
  /** All things in the order of time. */
  readonly things: readonly Thing[];
  /** The longest that a message was under way: whoever looks for those of a time must begin this much earlier. */
  readonly longestUs: number;
};

export const modelOf = (run: PageRun): Model => {
  const things: Thing[] = [];
  const { events, messages } = run;
  let longestUs = 0;
  let message = 0;
  let event = 0;
  while (message < messages.length || event < events.length) {
    const sentUs = messages[message] ?? Number.POSITIVE_INFINITY;
    const eventUs = events[event] ?? Number.POSITIVE_INFINITY;
    if (sentUs < eventUs) {
      const thing = messageAt(messages, message, things.length);
      things.push(thing);
      longestUs = Math.max(longestUs, (thing.arrivesUs as number) - sentUs);
      message += messageFields;
    } else {
      things.push(eventAt(events, event, things.length));
      event += eventFields;
    }
  }
  return { run, things, longestUs };
};

const messageAt = (fields: readonly number[], at: number, number: number): Thing => {
  const field = (index: number): number => fields[at + index] as number;
  return {
    number,
    atUs: field(0),
    arrivesUs: field(1),
    from: field(2),
    to: field(3),
    kind: field(4),
    text: field(5),
    sizeBytes: field(6),
    partitions: field(7),
    fate: fates[field(8)] ?? 'arrived',
    repeated: field(9) === 1,
  };
};

const eventAt = (fields: readonly number[], at: number, number: number): Thing => {
  const field = (index: number): number => fields[at + index] as number;
  return {
    number,
    atUs: field(0),
    arrivesUs: undefined,
    from: field(1),
    to: field(1),
    kind: field(2),
    text: field(3),
    sizeBytes: 0,
    partitions: field(4),
    fate: 'arrived',
    repeated: false,
  };
};

/** How many of the things, which are in the order of time, are before `atUs`. */
export const countBefore = (things: readonly Thing[], atUs: number): number => {
  let low = 0;
  let high = things.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((things[middle] as Thing).atUs < atUs) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Milliseconds as a person reads them. */
export const msText = (us: number): string => (us / 1_000).toFixed(3);

export const placeText = ({ run }: Model, { from, to, arrivesUs }: Thing): string =>
  arrivesUs === undefined ? `${run.lanes[from]}` : `${run.lanes[from]} → ${run.lanes[to]}`;

/** What became of a message; nothing for an event. */
export const fateText = ({ run }: Model, { arrivesUs, atUs, fate, repeated }: Thing): string => {
  if (arrivesUs === undefined) return '';
  const copy = repeated ? ', a repeat' : '';
  if (fate === 'lost') return `lost${copy}`;
  const took = `after ${msText(arrivesUs - atUs)} ms`;
  const late = arrivesUs > run.endUs ? 'would arrive' : 'nobody there';
  const words = { arrived: 'arrives', cut: 'cut off', 'under way': late }[fate];
  return `${words} ${took}${copy}`;
};
