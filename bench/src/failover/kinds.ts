/** What is done to a cluster of three while callers call, and how long they wait for it. */
import { Rig, type RigOptions } from '../cluster/rig.ts';
import { Callers } from './callers.ts';

/** What came of one event. */
export type Outcome = {
  /** The longest call of any caller in a while in which nothing happened. */
  readonly calmMs: number;
  /** Milliseconds that each partition which it concerned did not serve: the longest call of its caller. */
  readonly waits: readonly number[];
  /** Milliseconds in which nobody led a partition that its leader gave away. */
  readonly unled: readonly number[];
  /** The longest call while the node came back, of any caller; undefined: there was no such time. */
  readonly returnMs: number | undefined;
};

/** What came of all events of one cluster. */
export type Round = {
  readonly outcomes: readonly Outcome[];
  readonly calls: number;
  readonly lost: number;
  readonly ranTwice: number;
};

export type Kind = {
  readonly name: string;
  /** In milliseconds; of what is counted. */
  readonly aimMs: number;
  /** What one figure is of: a partition that moved, or an event, of which the caller counts that waited longest. */
  readonly each: 'partition' | 'event';
  /** Callers are connected to a node to which nothing happens. */
  readonly aside: boolean;
  /** Node by its index. Settles when it is over for the callers; what brings the node back is done later. */
  readonly strike: (rig: Rig, node: number) => Promise<void>;
  readonly bringBack: (rig: Rig, node: number) => Promise<void>;
};

const stoppedMs = 10_000;
const calmForMs = 2_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const nodeOf = (rig: Rig, node: number) => rig.nodes.nodes[node]!;

export const kinds: readonly Kind[] = [
  {
    name: 'move',
    aimMs: 50,
    each: 'partition',
    aside: true,
    strike: (rig, node) => nodeOf(rig, node).stop(),
    bringBack: (rig, node) => nodeOf(rig, node).start(),
  },
  {
    name: 'node-killed',
    aimMs: 1_000,
    each: 'event',
    aside: false,
    strike: (rig, node) => nodeOf(rig, node).kill(),
    bringBack: (rig, node) => nodeOf(rig, node).start(),
  },
  {
    name: 'node-stopped',
    aimMs: 2_000,
    each: 'event',
    aside: true,
    strike: async (rig, node) => {
      nodeOf(rig, node).signal('SIGSTOP');
      await sleep(stoppedMs);
    },
    bringBack: async (rig, node) => nodeOf(rig, node).signal('SIGCONT'),
  },
  {
    name: 'machine-killed',
    aimMs: 8_000,
    each: 'event',
    aside: false,
    strike: async (rig, node) => {
      await Promise.all([nodeOf(rig, node).kill(), rig.nats.kill(node)]);
    },
    bringBack: async (rig, node) => {
      await rig.nats.start(node);
      await nodeOf(rig, node).start();
    },
  },
];

const nodes = 3;

/**
 * One cluster to which `events` of a kind happen, one node after the other, while callers call, each `pauseMs` after its last answer. A
 * new cluster for each few: a node that fell out often is left out for longer each time.
 */
export const playRound = async (
  kind: Kind,
  events: number,
  pauseMs: number,
  options: Omit<RigOptions, 'nodes'>,
): Promise<Round> => {
  await using rig = await Rig.start({ ...options, nodes });
  const urls = rig.nodes.urls;
  const clients = Array.from({ length: rig.partitions }, (_, partition) => {
    // Nothing happens to the first node where callers are to be aside.
    const at = kind.aside ? 0 : partition % nodes;
    return rig.client([urls[at] as string, ...urls.slice(at + 1), ...urls.slice(0, at)]);
  });
  const callers = new Callers(clients, `${options.folder}/noted`, pauseMs);
  await callers.served(performance.now());
  const outcomes: Outcome[] = [];
  for (let event = 0; event < events; event++) {
    const node = kind.aside ? 1 + (event % (nodes - 1)) : event % nodes;
    const calmSinceMs = performance.now();
    await sleep(calmForMs);
    const calmMs = Math.max(...callers.longest(calmSinceMs));
    const epochs = await rig.epochs();
    const [sinceMs, since] = [performance.now(), new Date()];
    await kind.strike(rig, node);
    await callers.served(performance.now());
    const [waited, now] = [callers.longest(sinceMs), await rig.epochs()];
    const waits = kind.each === 'event' ? [Math.max(...waited)] : waited.filter((_, at) => now[at] !== epochs[at]);
    const unled = kind.each === 'event' ? [] : await rig.handOvers(since);
    const backMs = performance.now();
    await kind.bringBack(rig, node);
    await rig.atRest(nodes);
    outcomes.push({ calmMs, waits, unled, returnMs: Math.max(...callers.longest(backMs)) });
  }
  await callers.stop();
  return { outcomes, calls: callers.calls, ...(await callers.check(rig.client())) };
};
