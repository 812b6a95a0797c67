/**
 * What goes wrong in a simulated run, and when: drawn from its seed. Few things at a time when the app does something, so that
 * they strike in the middle of it, however long it sleeps in between.
 *
 * F1  At most `endingsMax` faults end something that runs tasks: a task with the default five attempts has attempts left.
 * F2  A source of chance of its own: which faults are drawn changes nothing else.
 */
import { calmLog, type LogFaults } from '../engine/simulated/log-service.ts';
import { calmNetwork, type NetworkFaults } from '../engine/simulated/network.ts';
import type { SeededRandom } from '../values/hash.ts';

/**
 * - `crash`: the node's process ends and is started again after a while; its disk keeps what was written.
 * - `power`: the same for the whole machine; what was not synced is gone.
 * - `executor`: a thread that runs tasks ends; another takes its place.
 * - `clock`: the machine's clock is set to another time, an hour off at most.
 * - `network`: for some seconds messages between partitions and to storage are late, lost, repeated or out of order.
 * - `log`: for some seconds commits are late, or succeed and are reported as timed out.
 */
export type FaultKind = 'crash' | 'power' | 'executor' | 'clock' | 'network' | 'log';

export const faultKinds = ['crash', 'power', 'executor', 'clock', 'network', 'log'] as const satisfies FaultKind[];

export type Fault =
  | { readonly kind: 'crash' | 'power'; readonly downMs: number }
  | { readonly kind: 'executor'; readonly pick: number }
  | { readonly kind: 'clock'; readonly skewMs: number }
  | { readonly kind: 'network'; readonly forMs: number; readonly faults: NetworkFaults }
  | { readonly kind: 'log'; readonly forMs: number; readonly faults: LogFaults };

export type DrawnFault = Fault & {
  /** It strikes after so many events since the one before, or after so long, whichever comes first. */
  readonly afterEvents: number;
  readonly afterMs: number;
};

const endingsMax = 3;
const othersMax = 3;
const eventsMax = 2_000;
const day = 24 * 3_600_000;

export const drawFaults = (random: SeededRandom, kinds: readonly FaultKind[]): readonly DrawnFault[] => {
  const endings = kinds.filter((kind) => kind === 'crash' || kind === 'power' || kind === 'executor');
  const others = kinds.filter((kind) => !(endings as readonly FaultKind[]).includes(kind));
  const drawn: Fault[] = [];
  const add = (from: readonly FaultKind[], most: number): void => {
    if (from.length === 0) return;
    for (let left = 1 + Math.floor(random.fraction() * most); left > 0; left--)
      drawn.push(drawFault(random, pick(random, from)));
  };
  add(endings, endingsMax);
  add(others, othersMax);
  return shuffled(random, drawn).map((fault) => ({
    ...fault,
    afterEvents: upTo(random, eventsMax),
    afterMs: upTo(random, 30 * day),
  }));
};

const drawFault = (random: SeededRandom, kind: FaultKind): Fault => {
  const forMs = pick(random, [50, 500, 3_000]);
  switch (kind) {
    case 'crash':
    case 'power':
      return { kind, downMs: pick(random, [1, 100, 2_000, 3_600_000]) };
    case 'executor':
      return { kind, pick: Math.floor(random.fraction() * 1_000) };
    case 'clock':
      return { kind, skewMs: pick(random, [-3_600_000, -500, 500, 3_600_000]) };
    case 'network':
      return {
        kind,
        forMs,
        faults: {
          ...calmNetwork,
          slow: pick(random, [0.01, 0.2]),
          slowMs: pick(random, [20, 1_500]),
          reordered: pick(random, [0, 0.05, 0.5]),
          lost: pick(random, [0, 0.01, 0.3]),
          repeated: pick(random, [0, 0.01, 0.3]),
        },
      };
    case 'log':
      return {
        kind,
        forMs,
        faults: {
          ...calmLog,
          phantom: pick(random, [0, 0.05, 0.5]),
          late: pick(random, [0.05, 0.3]),
          lateMs: pick(random, [5, 1_500]),
          dropped: pick(random, [0, 0.05, 0.3]),
        },
      };
    default:
      return kind satisfies never;
  }
};

const pick = <Item>(random: SeededRandom, from: readonly Item[]): Item =>
  from[Math.floor(random.fraction() * from.length)] as Item;

/** A whole number from 1 to `most`; small ones are as likely as large ones, by their number of digits. */
const upTo = (random: SeededRandom, most: number): number => {
  const bits = Math.floor(random.fraction() * (32 - Math.clz32(most)));
  return Math.min(most, 2 ** bits + Math.floor(random.fraction() * 2 ** bits));
};

const shuffled = <Item>(random: SeededRandom, items: readonly Item[]): readonly Item[] =>
  items
    .map((item) => ({ item, order: random.fraction() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
