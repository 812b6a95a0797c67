/** Makes of a run and its trace what the run's page carries. */
import type { Plan } from '../plan.ts';
import type { Verdict } from '../run-seed.ts';
import { inOrder, worldLane } from '../trace/lanes.ts';
import type { Trace, TraceEvent, TraceMessage } from '../trace/trace.ts';
import { fates, type PageRun } from './page-data.ts';

const usOf = (ms: number): number => Math.round(ms * 1_000);

/** As a set of bits; a partition beyond the 31st shares its bit with another. */
const bitsOf = (partitions: readonly number[]): number =>
  partitions.reduce((bits, partition) => bits | (1 << (partition % 31)), 0);

/** Gives each text a number, the same one every time. */
class Numbered {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}

/** `keep`: which faults of the plan this run has; undefined: all. */
export const pageRunOf = (verdict: Verdict, trace: Trace, plan: Plan, keep: readonly number[] | undefined): PageRun => {
  const lanes = inOrder(lanesOf(trace));
  const laneNumber = new Map(lanes.map((lane, number) => [lane, number]));
  const lane = (name: string): number => laneNumber.get(name) as number;
  const kinds = new Numbered();
  const texts = new Numbered();
  const events: number[] = [];
  const messages: number[] = [];
  const addEvent = ({ atMs, lane: at, kind, text, partitions }: TraceEvent): void => {
    events.push(usOf(atMs), lane(at), kinds.of(kind), texts.of(text), bitsOf(partitions));
  };
  const addMessage = (message: TraceMessage): void => {
    const { atMs, arrivesMs, from, to, kind, text, sizeBytes, partitions, fate, repeated } = message;
    const arrivesUs = arrivesMs === undefined ? -1 : usOf(arrivesMs);
    messages.push(usOf(atMs), arrivesUs, lane(from), lane(to), kinds.of(kind), texts.of(text));
    messages.push(sizeBytes, bitsOf(partitions), fates.indexOf(fate), repeated ? 1 : 0);
  };
  for (const entry of trace.entries)
    if (entry.type === 'event') addEvent(entry);
    else addMessage(entry);
  const endUs = usOf(verdict.virtualMs);
  const few = keep === undefined ? '' : ` --keep ${keep.join() || 'none'}`;
  const { broken } = trace;
  return {
    workload: plan.workload,
    seed: plan.seed,
    digest: verdict.digest,
    nodes: plan.nodes,
    partitions: plan.partitions,
    faults: plan.faults.length,
    counts: verdict.counts,
    again: `npm run simulate -- --workload ${plan.workload} --seed ${plan.seed}${few} --trace`,
    broken: broken === undefined ? undefined : { law: broken.law, what: broken.what, atUs: usOf(broken.atMs) },
    calmUs: usOf(plan.busyMs),
    endUs,
    lanes,
    kinds: kinds.all,
    texts: texts.all,
    events,
    messages,
    spans: trace.spans.map(({ kind, lanes: names, fromMs, untilMs, text, partitions }) => ({
      kind,
      lanes: names.map(lane),
      fromUs: usOf(fromMs),
      untilUs: untilMs === undefined ? endUs : Math.min(endUs, usOf(untilMs)),
      text,
      partitions: bitsOf(partitions),
    })),
  };
};

const lanesOf = ({ entries, spans }: Trace): ReadonlySet<string> => {
  const lanes = new Set([worldLane]);
  for (const entry of entries)
    if (entry.type === 'event') lanes.add(entry.lane);
    else lanes.add(entry.from).add(entry.to);
  for (const { lanes: names } of spans) for (const name of names) lanes.add(name);
  return lanes;
};
