/**
 * What the page of a run carries: lanes, kinds and texts by number, times in whole microseconds, every kind of thing in one flat
 * array of numbers. A minute with a hundred thousand messages is a few megabytes.
 */

export type PageRun = {
  readonly workload: string;
  readonly seed: string;
  readonly digest: string;
  readonly nodes: number;
  readonly partitions: number;
  /** Faults that were planned, and how often each kind of thing came about. */
  readonly faults: number;
  readonly counts: Readonly<Record<string, number>>;
  /** The command that gives this run again. */
  readonly again: string;
  readonly broken: { readonly law: string; readonly what: string; readonly atUs: number } | undefined;
  /** When faults ended, and the run. */
  readonly calmUs: number;
  readonly endUs: number;
  readonly lanes: readonly string[];
  readonly kinds: readonly string[];
  readonly texts: readonly string[];
  /** `eventFields` numbers each: at, lane, kind, text, partitions. */
  readonly events: readonly number[];
  /** `messageFields` numbers each: sent, arrives (-1: lost), from, to, kind, text, bytes, partitions, fate (`fates`), repeated (1 | 0). */
  readonly messages: readonly number[];
  readonly spans: readonly PageSpan[];
};

export type PageSpan = {
  readonly kind: 'life' | 'leads' | 'call' | 'fault';
  readonly lanes: readonly number[];
  readonly fromUs: number;
  readonly untilUs: number;
  readonly text: string;
  /** As a set of bits: bit 3 stands for partition 3. */
  readonly partitions: number;
};

export const eventFields = 5;
export const messageFields = 10;
export const fates = ['arrived', 'lost', 'cut', 'under way'] as const;
