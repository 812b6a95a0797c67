/**
 * Whom a node asks for what the start of a task needs that its own app lacks (`spec-message.ts`), and when it gives up. Pure: whoever
 * uses it says what time it is and who is there.
 *
 * - S1: one is asked after the other: the next one at once where the one before cannot answer or is gone, and after `askMs` where it
 *   keeps silent. Whoever was asked may still answer; the first answer counts.
 * - S2: where all have been asked, who was asked longest ago is asked again: a message may be lost.
 * - S3: it is over when nobody is left, and after `waitMs` in any case.
 */
import { type ClusterMap, type Member, takesPart } from './cluster-map.ts';

export type SpecDecision =
  /** Ask this run, then decide anew. */
  | { readonly kind: 'ask'; readonly run: string }
  /** Decide anew then, or when an answer comes. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** `silent`: runs that were asked and have not answered. */
  | { readonly kind: 'giveUp'; readonly silent: readonly string[] };

export class SpecAsk {
  readonly #askMs: number;
  readonly #endMs: number;
  /** When each run was asked last. */
  readonly #askedMs = new Map<string, number>();
  readonly #cannot = new Set<string>();
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: number, times: { readonly askMs: number; readonly waitMs: number }) {
    this.#askMs = times.askMs;
    this.#endMs = nowMs + times.waitMs;
  }

  /** After that nobody's answer counts. */
  get endMs(): number {
    return this.#endMs;
  }

  /** A run has answered that it cannot say. */
  cannot(run: string): void {
    this.#cannot.add(run);
  }

  /** `runs`: those that are there now and have the task, best first. */
  decide(runs: readonly string[], nowMs: number): SpecDecision {
    const left = runs.filter((run) => !this.#cannot.has(run));
    if (left.length === 0 || nowMs >= this.#endMs)
      return { kind: 'giveUp', silent: [...this.#askedMs.keys()].filter((run) => !this.#cannot.has(run)) };
    const waits = left.some((run) => this.#askedMs.has(run));
    const dueMs = waits ? this.#lastMs + this.#askMs : nowMs;
    if (nowMs < dueMs) return { kind: 'wait', untilMs: Math.min(dueMs, this.#endMs) };
    const run = left.reduce((first, other) => (this.#askedAt(other) < this.#askedAt(first) ? other : first));
    this.#askedMs.set(run, nowMs);
    this.#lastMs = nowMs;
    return { kind: 'ask', run };
  }

  #askedAt(run: string): number {
    return this.#askedMs.get(run) ?? Number.NEGATIVE_INFINITY;
  }
}

/**
 * The other members whose app has a task, as far as the map says and as far as they are there: the one at `turn` first, so that not
 * all ask the same one; those that are about to go last.
 */
export const membersWith = (
  map: ClusterMap,
  name: string,
  self: string,
  isThere: (member: Member) => boolean,
  turn: number,
): readonly Member[] => {
  const having = map.members.filter(
    (member) =>
      member.id !== self && takesPart(member) && map.apps[member.app]?.includes(name) === true && isThere(member),
  );
  const first = having.length === 0 ? 0 : turn % having.length;
  const turned = [...having.slice(first), ...having.slice(0, first)];
  const goes = ({ state }: Member): number => (state === 'draining' ? 1 : 0);
  return turned.sort((a, b) => goes(a) - goes(b));
};

/** The tasks that the apps of the other members have, as far as they are there: in order, each once. */
export const namesOfOthers = (
  map: ClusterMap,
  self: string,
  isThere: (member: Member) => boolean,
): readonly string[] => {
  const others = map.members.filter((member) => member.id !== self && takesPart(member) && isThere(member));
  const names = new Set(others.flatMap(({ app }) => map.apps[app] ?? []));
  return [...names].sort();
};
