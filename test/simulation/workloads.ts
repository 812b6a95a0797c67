/** What clients do in a simulated world, and what must hold afterwards. */
import { outboxTable, peersTable } from '../../src/partition/outbox.ts';
import type { AnyTable } from '../../src/partition/table.ts';
import { taskTables } from '../../src/tasks/tables.ts';
import { Replay } from './checkers/replay.ts';
import { checkStandbys } from './checkers/replicas.ts';
import { describeClusterMessage } from './cluster/describe.ts';
import { checkDisk } from './embedded/checks.ts';
import { embedded } from './embedded/node.ts';
import { embeddedPlan } from './embedded/plan.ts';
import type { StartProgram } from './node.ts';
import { planOf as clusterPlan, type FaultKind, type Plan } from './plan.ts';
import { checkRegisters } from './registers/checks.ts';
import { RegisterClient, type Whereabouts } from './registers/client.ts';
import { describeRegisterMessage } from './registers/describe.ts';
import { registerNode, registerTables } from './registers/node.ts';
import { checkTasks } from './tasks/checks.ts';
import { TaskClient } from './tasks/client.ts';
import { describeTaskMessage } from './tasks/describe.ts';
import { taskNode } from './tasks/node.ts';
import { current, Witness } from './tasks/witness.ts';
import { describeEngineMessage } from './trace/engine-messages.ts';
import { describeReplicaMessage } from './trace/replica-messages.ts';
import type { Describe } from './trace/trace.ts';
import type { World } from './world.ts';

const compareEveryMs = 5_000;

/** The clients of one run. */
export type Clients = {
  /** None waits for anything. */
  readonly idle: () => boolean;
  readonly check: () => void;
  /** Tells the world what was done how often. */
  readonly count: () => void;
};

export type Workload = {
  readonly node: StartProgram;
  readonly begin: (world: World) => Clients;
  /** Its messages, for a person. */
  readonly describe: Describe;
};

/** What nodes say to logs and blobs, and replicas to each other, is the same in all workloads. */
const describing =
  (tables: readonly AnyTable[], own: Describe): Describe =>
  (message) =>
    describeEngineMessage(message, tables) ?? describeReplicaMessage(message) ?? own(message);

const beginRegisters = (world: World): Clients => {
  const whereabouts: Whereabouts | undefined = world.plan.remembers === true ? new Map() : undefined;
  const clients = Array.from(
    { length: world.plan.clients },
    (_, number) => new RegisterClient(world, number, whereabouts),
  );
  const replays = world.landed.map((records, partition) => new Replay(partition, records, registerTables));
  const compare = (): void => {
    checkStandbys(world, replays, registerTables, false);
    world.simulation.after(compareEveryMs, undefined, 'compare', compare);
  };
  if (world.plan.followers !== undefined) compare();
  return {
    idle: () => clients.every(({ idle }) => idle),
    check: () => checkRegisters(world, clients, replays),
    count: () => {
      for (const { calls } of clients) for (const { operation } of calls) world.count(`call ${operation.kind}`);
    },
  };
};

const boundsEveryMs = 200;

/** Law 8, looked at all the time. */
const watchBounds = (world: World): void => {
  for (const { name, program } of world.nodes)
    for (const partition of world.landed.keys()) {
      const beyond = program?.beyondBounds?.(partition);
      if (beyond !== undefined) world.violated('bounded', `partition ${partition} at ${name} ${beyond}`);
    }
  world.simulation.after(boundsEveryMs, undefined, 'bounds', () => watchBounds(world));
};

const beginTasks = (world: World): Clients => {
  watchBounds(world);
  const witness = new Witness();
  witness.onContradiction = (what) => world.violated('one result', what);
  witness.currentLife = () => world.simulation.current;
  if (knowsItsNodes(world.plan)) witness.onTwice = (what) => world.violated('not twice', what);
  if (onlyHandsOver(world.plan)) witness.onAgain = (what) => world.violated('not again', what);
  witness.poison = () => world.crashCurrent();
  current.witness = witness;
  const clients = Array.from({ length: world.plan.clients }, (_, number) => new TaskClient(world, number));
  return {
    idle: () => clients.every(({ idle }) => idle),
    check: () => checkTasks(world, clients),
    count: () => {
      for (const { runs } of clients) for (const { name } of runs) world.count(`task ${name}`);
    },
  };
};

/** What seed `seed` means; `only`: kinds of faults that may occur at all. */
export const planOf = (workload: string, seed: string, only: readonly FaultKind[]): Plan =>
  (workload.startsWith('embedded') ? embeddedPlan : clusterPlan)(workload, seed, only);

const onDisk =
  (begin: Workload['begin']): Workload['begin'] =>
  (world) => {
    const clients = begin(world);
    return {
      ...clients,
      idle: () => clients.idle() && world.nodes.every(({ drive }) => drive.isQuiet),
      check: () => {
        clients.check();
        checkDisk(world);
      },
    };
  };

const describeRegisters = describing(registerTables, describeRegisterMessage);
const describeTasks = describing([outboxTable, peersTable, ...taskTables], describeTaskMessage);

export const workloads: Readonly<Record<string, Workload>> = {
  registers: { node: registerNode, describe: describeRegisters, begin: beginRegisters },
  cluster: {
    node: registerNode,
    describe: (message) => describeClusterMessage(message) ?? describeRegisters(message),
    begin: beginRegisters,
  },
  tasks: { node: taskNode, describe: describeTasks, begin: beginTasks },
  'cluster-tasks': {
    node: taskNode,
    describe: (message) => describeClusterMessage(message) ?? describeTasks(message),
    begin: beginTasks,
  },
  embedded: { node: embedded(registerNode), describe: describeRegisters, begin: onDisk(beginRegisters) },
  'embedded-tasks': { node: embedded(taskNode), describe: describeTasks, begin: onDisk(beginTasks) },
};

/** Whether no leader is lost without consent: what it granted last might be known to nobody then. */
const onlyHandsOver = (plan: Plan): boolean =>
  plan.cluster === undefined &&
  plan.faults.every(({ fault: { kind } }) => ['handOver', 'disturb', 'clock', 'damageBlob'].includes(kind));

/** Whether nodes that live always reach each other. Only then is nothing ever run twice at the same time. */
const knowsItsNodes = (plan: Plan): boolean =>
  plan.cluster === undefined &&
  plan.faults.every(({ fault: { kind } }) => ['crash', 'claim', 'disturb', 'clock', 'damageBlob'].includes(kind));
