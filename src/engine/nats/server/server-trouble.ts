/**
 * What a nats-server writes in its log when something is wrong with what it stores: it goes on, and nothing else tells of it.
 * The words are those of 2.14 and 2.15.
 */

const signs = {
  /** It throws away what it has of a stream, and fetches it from the others. */
  streamReset: /\bResetting stream cluster state\b/i,
  /** What it has of a stream does not go on where the others do. */
  sequenceMismatch: /\blast sequence mismatch\b/i,
  /** It has a stream that the others do not know of, and removes it. */
  orphanedStream: /\bDetected orphaned stream\b/i,
  /** Its disk did not take something. */
  writeError: /(?<!non-)\bwrite error\b/i,
} as const;

export type ServerTrouble = keyof typeof signs;

const troubles = Object.keys(signs) as ServerTrouble[];

/** Undefined: the line tells of none. */
export const troubleOf = (line: string): ServerTrouble | undefined => troubles.find((each) => signs[each].test(line));
