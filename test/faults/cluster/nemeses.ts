/**
 * What is done to a cluster. Each strikes once, as dice say, and ends what it did when it is told to; what does not run then is started
 * again afterwards, all servers at once and then all nodes.
 */
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClusterFaultKind } from '../../../src/protocol/cluster-overview.ts';
import type { SeededRandom } from '../../../src/values/hash.ts';
import { type FaultyCluster, numbers, size, smallServer, smallStorageBytes } from './faulty-cluster.ts';
import { fillStorage } from './full-storage.ts';
import type { Party } from './wires.ts';

export type Strike = {
  /** What was done, in words. */
  readonly what: string;
  /** Ends it; absent: it ends as soon as all runs again. */
  readonly heal?: () => Promise<void>;
  /** A fault of one of these kinds must be told meanwhile by some node that answers. Absent: there is nothing to be told. */
  readonly told?: readonly ClusterFaultKind[];
  /** Nobody may be taken for dead. */
  readonly nobodyDies?: boolean;
  /** No short call may wait longer, however long it lasts. */
  readonly waitMaxMs?: number;
};

export type Nemesis = {
  readonly name: string;
  /** How long it lasts, at least and at most. */
  readonly lastsMs: readonly [number, number];
  readonly strike: (cluster: FaultyCluster, dice: Dice) => Promise<Strike>;
};

export class Dice {
  readonly #random: SeededRandom;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** From 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.#random.fraction() * end);
  }

  between([least, most]: readonly [number, number]): number {
    return least + this.#random.fraction() * (most - least);
  }

  one<T>(of: readonly T[]): T {
    return of[this.below(of.length)] as T;
  }
}

const readsAloneMs = 8_000;

const memberGone: readonly ClusterFaultKind[] = ['memberSilent', 'memberDead'];
const serverDown: readonly ClusterFaultKind[] = ['serverDown'];
const cutOff: readonly ClusterFaultKind[] = [...memberGone, 'cutOff', 'serverDown'];

const healWires = (cluster: FaultyCluster) => async (): Promise<void> => {
  cluster.wires.heal();
  cluster.healNodes();
};

/**
 * Machines die: their network a moment before their processes, or with them. What they had sent, and nobody had received, is gone.
 */
const machinesDie = async (cluster: FaultyCluster, parties: readonly Party[], dice: Dice): Promise<string> => {
  const aloneMs = dice.below(3) === 0 ? 0 : dice.between([20, 200]);
  if (aloneMs > 0) {
    for (const party of parties) cluster.wires.holdAll(party);
    await pause(aloneMs);
  }
  await Promise.all(
    parties.map((party) => {
      const number = Number(party.split(' ')[1]);
      return party.startsWith('node') ? cluster.node(number).kill() : cluster.nats.kill(number);
    }),
  );
  for (const party of parties) cluster.wires.lose(party);
  return aloneMs > 0 ? `, their network ${aloneMs.toFixed(0)} ms before` : '';
};

/** What it holds comes from the logs again, all of it. */
const loseData = async (cluster: FaultyCluster, node: number): Promise<void> => {
  await cluster.node(node).kill();
  rmSync(cluster.node(node).data, { recursive: true, force: true });
};

/** The files with messages of logs of partitions at a server, the largest first. */
const messageFiles = (cluster: FaultyCluster, server: number): readonly string[] =>
  readdirSync(cluster.storeOf(server), { recursive: true, encoding: 'utf8' })
    .filter((file) => /_log_p\d+\/msgs\/\d+\.blk$/.test(file))
    .map((file) => join(cluster.storeOf(server), file))
    .sort((a, b) => statSync(b).size - statSync(a).size);

/**
 * One at a time: what two servers have lost may be lost. Each has logs, unless they are kept by fewer servers than they should be: then it
 * is one that keeps some.
 */
const serverToDamage = async (cluster: FaultyCluster, first: number): Promise<number> => {
  const { damagedServer: last } = cluster;
  // What it lacks it has not made good yet, or that cannot be seen.
  if (last !== undefined && !(await cluster.isCurrent(last))) return last;
  return (
    numbers.map((number) => (first + number) % size).find((server) => messageFiles(cluster, server).length > 0) ?? first
  );
};

/**
 * A server is killed and its largest file of messages damaged; and a node loses its data, or all nodes do, so that nobody has copies to put
 * back. Server and node begin together, and the node reaches no other server until it has begun: it reads everything from that one, while
 * that one makes good what it lacks.
 */
const damageFile =
  (damage: (file: string, dice: Dice) => string) =>
  async (cluster: FaultyCluster, dice: Dice): Promise<Strike> => {
    const node = dice.below(size);
    const losers = dice.below(3) === 0 ? numbers : [node];
    const server = await serverToDamage(cluster, dice.below(size));
    cluster.damagedServer = server;
    await Promise.all([cluster.nats.kill(server), ...losers.map((loser) => loseData(cluster, loser))]);
    const [file] = messageFiles(cluster, server);
    if (file === undefined) throw new Error(`Server ${server} has no messages to damage.`);
    const who = losers === numbers ? 'all nodes' : `node ${node}`;
    const what = `${damage(file, dice)}; ${who} must read all of it, node ${node} from server ${server}`;
    return { what, heal: readAllFrom(cluster, node, server) };
  };

const readAllFrom = (cluster: FaultyCluster, node: number, server: number) => async (): Promise<void> => {
  for (const other of numbers) if (other !== server) cluster.wires.holdBoth(`node ${node}`, `server ${other}`);
  // Of two that strike at once the other may have started them.
  const damaged = cluster.nats.servers[server];
  const begun = Promise.all([damaged?.pid === undefined ? damaged?.start() : undefined, cluster.startNode(node)]);
  // If it cannot, this is seen when all looks for rest.
  await Promise.race([begun.catch(() => undefined), pause(readsAloneMs)]);
  cluster.wires.heal();
};

const flipBytes = (file: string, dice: Dice): string => {
  const bytes = readFileSync(file);
  const at = Math.floor(bytes.length * dice.between([0.2, 0.9]));
  for (let byte = at; byte < Math.min(at + 16, bytes.length); byte++) bytes[byte] = (bytes[byte] as number) ^ 0xff;
  writeFileSync(file, bytes);
  return `16 bytes at ${at} of ${file} are flipped`;
};

const truncate = (file: string, dice: Dice): string => {
  const { size: before } = statSync(file);
  const after = Math.floor(before * dice.between([0.3, 0.95]));
  truncateSync(file, after);
  return `${file} ends after ${after} of ${before} bytes`;
};

/**
 * What JetStream may use is used up: records are refused until another server leads. A node that was told so may be gone for good before
 * it asks again. Undefined: servers do not take what is to use it up.
 */
const storageFull = async (cluster: FaultyCluster, dice: Dice): Promise<Strike | undefined> => {
  const heal = await fillStorage(cluster.nats, smallServer, smallStorageBytes);
  if (heal === undefined) return undefined;
  const node = dice.below(2 * size);
  const what = `server ${smallServer} has used up what it may use of its disk`;
  if (node >= size) return { what, heal };
  await pause(dice.between([0, 200]));
  await loseData(cluster, node);
  return { what: `${what}, and node ${node} is killed and loses its data`, told: memberGone, heal };
};

/** Something else takes all the room: the server leaves its cluster. */
const diskFull = (cluster: FaultyCluster): Strike => {
  cluster.fillDisk();
  return {
    what: `the disk of server ${smallServer} is full`,
    told: serverDown,
    heal: async () => {
      cluster.emptyDisk();
      // One that had no room takes part again after a restart.
      await cluster.nats.kill(smallServer);
    },
  };
};

export const nemeses: readonly Nemesis[] = [
  {
    name: 'node-kill',
    lastsMs: [3_000, 6_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      await cluster.node(node).kill();
      return { what: `node ${node} is killed`, told: memberGone };
    },
  },
  {
    name: 'node-pause',
    lastsMs: [10_000, 10_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      cluster.node(node).signal('SIGSTOP');
      return {
        what: `node ${node} stands still`,
        told: memberGone,
        heal: async () => cluster.node(node).signal('SIGCONT'),
      };
    },
  },
  {
    name: 'node-drain',
    lastsMs: [2_000, 4_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      await cluster.stopNode(node);
      return { what: `node ${node} is ended` };
    },
  },
  {
    name: 'node-data-lost',
    lastsMs: [2_000, 4_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      await loseData(cluster, node);
      return { what: `node ${node} is killed and loses its data` };
    },
  },
  {
    name: 'node-clock',
    lastsMs: [6_000, 10_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      const skewMs = Math.round(dice.one([-1, 1]) * dice.between([1_000, 3_600_000]));
      cluster.skew(node, skewMs);
      // It connects while its clock is wrong, and again when it is right.
      const connects = dice.below(2) === 0;
      if (connects) cluster.wires.lose(`node ${node}`);
      return {
        what: `the clock of node ${node} is ${skewMs} ms ahead${connects ? ', and its connections break then and at the end' : ''}`,
        nobodyDies: !connects,
        heal: async () => {
          cluster.healNodes();
          if (connects) cluster.wires.lose(`node ${node}`);
        },
      };
    },
  },
  {
    name: 'server-kill',
    lastsMs: [4_000, 8_000],
    strike: async (cluster, dice) => {
      const server = dice.below(size);
      await cluster.nats.kill(server);
      return { what: `server ${server} is killed`, told: serverDown };
    },
  },
  {
    name: 'server-pause',
    lastsMs: [10_000, 10_000],
    strike: async (cluster, dice) => {
      const server = dice.below(size);
      cluster.nats.pause(server);
      return { what: `server ${server} stands still`, told: serverDown, heal: async () => cluster.nats.goOn(server) };
    },
  },
  {
    name: 'machine-kill',
    lastsMs: [6_000, 10_000],
    strike: async (cluster, dice) => {
      const [node, server] = [dice.below(size), dice.below(size)];
      const when = await machinesDie(cluster, [`node ${node}`, `server ${server}`], dice);
      return {
        what: `node ${node} and server ${server} are killed${when}`,
        told: memberGone,
      };
    },
  },
  {
    name: 'all-restart',
    lastsMs: [500, 1_500],
    strike: async (cluster, dice) => {
      const when = await machinesDie(
        cluster,
        [...numbers.map((node): Party => `node ${node}`), ...numbers.map((server): Party => `server ${server}`)],
        dice,
      );
      return { what: `everything is killed${when}` };
    },
  },
  {
    name: 'cut-node-from-servers',
    lastsMs: [8_000, 12_000],
    strike: async (cluster, dice) => {
      const node = dice.below(size);
      const lines = dice.below(2) === 0;
      for (const server of numbers) cluster.wires.holdBoth(`node ${node}`, `server ${server}`);
      if (lines) for (const other of numbers) if (other !== node) cluster.cutNodes(node, other);
      return {
        what: `node ${node} is cut from all servers${lines ? ' and nodes' : ', not from the other nodes'}`,
        told: cutOff,
        heal: healWires(cluster),
      };
    },
  },
  {
    name: 'cut-server-from-servers',
    lastsMs: [44_000, 46_000],
    strike: async (cluster, dice) => {
      const server = dice.below(size);
      for (const other of numbers) if (other !== server) cluster.wires.holdBoth(`server ${server}`, `server ${other}`);
      return {
        what: `server ${server} is cut from the other servers, not from nodes`,
        heal: healWires(cluster),
        // Nodes that are connected to it notice, and go to another one: it may go on to answer for twenty seconds, if it led.
        waitMaxMs: 40_000,
      };
    },
  },
  {
    name: 'cut-one-way',
    lastsMs: [8_000, 12_000],
    strike: async (cluster, dice) => {
      const [one, other] = [dice.below(size), dice.below(size)];
      const between = dice.below(3);
      if (between === 0) {
        for (const server of numbers) cluster.wires.hold(`node ${one}`, `server ${server}`);
        return {
          what: `node ${one} hears the servers, and they do not hear it`,
          told: cutOff,
          heal: healWires(cluster),
        };
      }
      if (between === 1) {
        for (const server of numbers) cluster.wires.hold(`server ${server}`, `node ${one}`);
        return {
          what: `the servers hear node ${one}, and it does not hear them`,
          told: cutOff,
          heal: healWires(cluster),
        };
      }
      const to = one === other ? (other + 1) % size : other;
      cluster.wires.hold(`server ${one}`, `server ${to}`);
      return { what: `server ${to} does not hear server ${one}`, heal: healWires(cluster) };
    },
  },
  {
    name: 'cut-ring',
    lastsMs: [8_000, 12_000],
    strike: async (cluster, dice) => {
      const first = dice.below(size);
      const [a, b] = [first, (first + 1) % size];
      cluster.wires.holdBoth(`server ${a}`, `server ${b}`);
      // Each node has lost another server, and so sees another majority.
      const shift = dice.below(size);
      for (const node of numbers) cluster.wires.holdBoth(`node ${node}`, `server ${(node + shift) % size}`);
      return {
        what: `servers ${a} and ${b} do not reach each other, and each node another server`,
        heal: healWires(cluster),
      };
    },
  },
  {
    name: 'cut-life-lines',
    lastsMs: [6_000, 8_000],
    strike: async (cluster) => {
      for (const one of numbers) for (const other of numbers) if (one < other) cluster.cutNodes(one, other);
      return { what: 'nodes reach each other over the servers alone', nobodyDies: true, heal: healWires(cluster) };
    },
  },
  {
    name: 'slow-links',
    lastsMs: [8_000, 12_000],
    strike: async (cluster, dice) => {
      const most = dice.between([20, 120]);
      cluster.wires.slow(() => dice.between([0, most]));
      return { what: `links are slow, up to ${most.toFixed(0)} ms a way`, heal: healWires(cluster) };
    },
  },
  { name: 'damaged-block', lastsMs: [2_000, 4_000], strike: damageFile(flipBytes) },
  { name: 'truncated-file', lastsMs: [2_000, 4_000], strike: damageFile(truncate) },
  {
    name: 'disk-full',
    lastsMs: [6_000, 10_000],
    strike: async (cluster, dice) =>
      (dice.below(3) > 0 ? await storageFull(cluster, dice) : undefined) ?? diskFull(cluster),
  },
];
