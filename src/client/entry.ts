/**
 * One request of a client, from when it is asked to when its answer is told; and what may truthfully be said when there is none.
 *
 * - E1 `rejected` is told only when no copy of the request can still run: where it was never sent, or every copy that was sent
 *   got an answer. Everything else is `NO_ANSWER`, whose outcome is unknown.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Method, MethodArguments } from '../protocol/methods.ts';

/** `plain` is answered in a moment, `wait` when a task ends, `stream` gives events first. */
export type EntryKind = 'plain' | 'wait' | 'stream';

export type Ask<M extends Method = Method> = {
  readonly kind: EntryKind;
  readonly method: M;
  /** Made when it is sent, for each time that it is: ids are minted in the node's time, and a stream goes on where it was. */
  readonly args: () => MethodArguments[M];
  /** What it is about, for errors. */
  readonly id?: () => string | undefined;
  /** Takes a new id, for one that the node knows to be too old to tell whether it was used: minted at `timeMs` or later. */
  readonly renew?: ((timeMs: number) => void) | undefined;
  /** How long an answer may take. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** An event of a stream. */
  readonly event?: (text: string) => void;
  readonly done: (text: string) => void;
  readonly failed: (error: Error) => void;
};

export type Entry = Ask & {
  readonly number: number;
  /** It was sent over the connection that is open, and not answered. */
  sent: boolean;
  /** What has come of its next text. */
  begun: string;
  /** Connections that ended with a copy of it unanswered. */
  copiesLost: number;
  /** How often it was asked again because nobody could say what became of it. */
  repeats: number;
  /** Lets go of its timer and its signal. */
  release: () => void;
};

/** Every copy of it that was sent was answered. */
export const isOnlyCopy = ({ copiesLost }: Entry): boolean => copiesLost === 0;

/** Requests that change something: a copy of them may still run when another one is refused. */
const effects: ReadonlySet<Method> = new Set(['start', 'cancel', 'retry']);

export type Reason = 'timeout' | 'aborted' | 'closed' | 'unreachable' | 'refused';

const causes: Readonly<Record<Reason, string>> = {
  timeout: 'the time that was given for it ran out',
  aborted: 'its signal was aborted',
  closed: 'the client was closed',
  unreachable: 'no node was reached any more',
  refused: 'the node refused a copy of it',
};

/** Nothing more is done for it: what is known of it then (E1). `cause` is what ended it. */
export const unansweredError = (entry: Entry, reason: Reason, cause?: unknown): TuttiError => {
  const id = entry.id?.();
  const details = { method: entry.method, reason, ...(id === undefined ? {} : { id }) };
  const options = cause === undefined ? { details } : { details, cause };
  const what = id === undefined ? entry.method : `${entry.method} (${id})`;
  if (entry.sent || entry.copiesLost > 0)
    return new TuttiError(
      'NO_ANSWER',
      `${what} was sent and has no answer: ${causes[reason]}. It may have been carried out.`,
      options,
    );
  const code = reason === 'aborted' || reason === 'closed' ? 'ABORTED' : 'UNREACHABLE';
  return new TuttiError(code, `${what} was not sent: ${causes[reason]}. Nothing of it runs.`, options);
};

/** What an error from a node means for a request of which earlier copies may still run (E1). */
export const truthfulError = (entry: Entry, error: Error): Error => {
  const rejected = error instanceof TuttiError && error.outcome === 'rejected';
  return rejected && entry.copiesLost > 0 && effects.has(entry.method)
    ? unansweredError(entry, 'refused', error)
    : error;
};
