/**
 * What goes wrong in a simulated run, and when: drawn from its seed. How much a run is, in steps, messages and time, is known
 * from a run without faults: so faults strike in the middle of what the app does, however little that is and however long it
 * sleeps in between.
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

/**
 * By what it is said when a fault strikes: the steps' messages (reported, or told their result), all messages and commits, or
 * milliseconds.
 */
export type Measure = 'step' | 'moment' | 'ms';

/** How much of each a run without faults has. */
export type RunScale = Readonly<Record<Measure, number>>;

export type DrawnFault = { readonly fault: Fault; readonly measure: Measure; readonly at: number };

const endingsMax = 3;
const othersMax = 3;
/** Steps are where most is at stake. */
const measures = ['step', 'step', 'moment', 'ms'] as const;

export const drawFaults = (
  random: SeededRandom,
  kinds: readonly FaultKind[],
  scale: RunScale,
): readonly DrawnFault[] => {
  const endings = kinds.filter((kind) => kind === 'crash' || kind === 'power' || kind === 'executor');
  const others = kinds.filter((kind) => !(endings as readonly FaultKind[]).includes(kind));
  const drawn: DrawnFault[] = [];
  const add = (from: readonly FaultKind[], most: number): void => {
    if (from.length === 0) return;
    for (let left = 1 + Math.floor(random.fraction() * most); left > 0; left--)
      drawn.push({ fault: drawFault(random, pick(random, from)), ...drawTime(random, scale) });
  };
  add(endings, endingsMax);
  add(others, othersMax);
  return drawn;
};

const drawTime = (random: SeededRandom, scale: RunScale): Omit<DrawnFault, 'fault'> => {
  const measure = pick(random, measures);
  const share = random.fraction();
  return { measure, at: measure === 'ms' ? share * scale.ms : 1 + Math.floor(share * scale[measure]) };
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
