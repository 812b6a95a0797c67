/**
 * What an idle cluster says (`npm run bench -- control-traffic`): nodes as they ship, with the waits that ship, in a world in which
 * nothing goes wrong and nobody asks for anything. Told are messages and bytes for each node and virtual second, once all is at rest.
 *
 * A message to all is one message of its sender, who gives it to the bus once, and one that each receiver gets. Requests to logs and
 * blobs are sent, their replies received; bytes are those of the messages, without what stands around them on a wire.
 */
import { installVirtualGlobals } from '../../src/testing/virtual-globals.ts';

installVirtualGlobals();
const { installDeterminism } = await import('../../src/execution/executor/determinism.ts');
installDeterminism();
const { limits } = await import('../../src/limits.ts');
const { planOf } = await import('./plan.ts');
const { workloads } = await import('./workloads.ts');
const { World } = await import('./world.ts');

export type IdleTask = { readonly nodes: number; readonly partitions: number; readonly seconds: number };
export type IdleFigures = {
  /** For each node and second. */
  readonly sent: number;
  readonly received: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** Messages sent, by what they are: the kind of a request, or the first word of a subject. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly events: number;
  readonly cpuMs: number;
  /** Until all were at rest: virtual time, and what that took. */
  readonly restMs: number;
  readonly restCpuMs: number;
};

/** Members join, partitions are moved until they lie evenly, and snapshots are through. */
const untilAtRestMs = 120_000;
/** Checkpoints that joining brought are through. */
const untilQuietMs = 20_000;
const node = /^n\d+$/;

const measure = async ({ nodes, partitions, seconds }: IdleTask): Promise<IdleFigures> => {
  const drawn = planOf('cluster-tasks', `idle ${nodes}`, [], { nodes, partitions, clients: 0, busyMs: 1_000 });
  const members = Array.from({ length: nodes }, () => ({ location: 'eu/zone-1', weight: 1, absentMs: 0 }));
  const workload = workloads['cluster-tasks']!;
  const plan = {
    ...drawn,
    checkpoints: limits,
    cluster: { standbys: 1, movesMax: partitions, members },
  };
  const world = new World(plan, workload.node);
  const { simulation } = world;
  workload.begin(world);
  world.begin();
  await simulation.run(untilQuietMs);
  while (simulation.nowMs < untilAtRestMs && world.cluster?.unrest() !== undefined)
    await simulation.run(simulation.nowMs + 1_000);
  const unrest = world.cluster?.unrest();
  if (unrest !== undefined) throw new Error(`The cluster of ${nodes} nodes is not at rest: ${unrest}.`);
  const restMs = simulation.nowMs;
  const resting = process.cpuUsage();
  const figures = { sent: 0, received: 0, sentBytes: 0, receivedBytes: 0 };
  const kinds: Record<string, number> = {};
  let last: { readonly from: string; readonly bytes: Uint8Array; readonly atMs: number } | undefined;
  simulation.watcher = {
    happened: () => {},
    sent: ({ from, to, kind, bytes, about }) => {
      const { nowMs } = simulation;
      // One that is for all is the same array for each of them.
      const again = kind === 'bus' && last?.bytes === bytes && last.from === from && last.atMs === nowMs;
      last = { from, bytes, atMs: nowMs };
      if (node.test(from) && !again) {
        figures.sent++;
        figures.sentBytes += bytes.length;
        const name = kind === 'bus' || kind.startsWith('bus.') ? wordOf(about) : kind;
        kinds[name] = (kinds[name] ?? 0) + 1;
      }
      if (node.test(to)) {
        figures.received++;
        figures.receivedBytes += bytes.length;
      }
      return { fate: 'under way' };
    },
  };
  const before = { ...process.cpuUsage(), events: simulation.eventCount };
  await simulation.run(simulation.nowMs + seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  const per = 1 / (nodes * seconds);
  return {
    sent: figures.sent * per,
    received: figures.received * per,
    sentBytes: figures.sentBytes * per,
    receivedBytes: figures.receivedBytes * per,
    kinds: Object.fromEntries(Object.entries(kinds).map(([kind, count]) => [kind, count * per])),
    events: simulation.eventCount - before.events,
    cpuMs: (user + system) / 1_000,
    restMs,
    restCpuMs: (resting.user + resting.system) / 1_000,
  };
};

const wordOf = (subject: unknown): string => {
  const [first = '', , third] = String(subject).split('/');
  return first === 'cluster' ? (third ?? first) : first;
};

const figures = await measure(JSON.parse(process.argv[2] as string) as IdleTask);
process.send?.(figures, undefined, undefined, () => process.disconnect?.());
if (process.send === undefined) console.log(figures);
