/**
 * A node of the task workload: the state host that ships leads all partitions, and executors that ship run the app in-line.
 * Everything between them goes over as bytes. A node that is told to claim opens all partitions; one that lost any begins again.
 */
import { deserialize, serialize } from 'node:v8';
import { catalogueOf } from '../../../src/app/catalogue-of-app.ts';
import { type Place, simulatedEnv } from '../../../src/engine/simulated/place.ts';
import { Life } from '../../../src/engine/simulated/simulation.ts';
import { ExecutorCore } from '../../../src/execution/executor/executor-core.ts';
import { StateHost } from '../../../src/execution/state/state-host.ts';
import type { Flat } from '../../../src/tasks/messages.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import * as app from './app.ts';

export const executorsPerNode = 2;
const catalogue = catalogueOf(app);
const names = [...catalogue.definitions.keys()];

export const toBytes = (flat: Flat): Uint8Array => serialize(flat);
export const fromBytes = (bytes: Uint8Array): Flat => deserialize(bytes) as Flat;

type Executor = { readonly life: Life; readonly core: ExecutorCore };

/** A client's message, or (with an empty one) its hello. */
export type FromClientMessage = { readonly client: number; readonly flat: string };

export const taskNode = (context: NodeContext): NodeProgram => {
  const { place, env, world } = context;
  const { simulation } = place;
  const { partitions } = world.plan;
  const executors = new Map<number, Executor>();
  const clients = new Map<number, string>();
  let host: StateHost | undefined;
  let opening = false;
  /** How many hosts are being closed. */
  let stopping = 0;
  let nextExecutor = 0;

  /** Carries a flat array to code of `life`, in order. */
  const carry = (life: Life, kind: string, flat: Flat, receive: (flat: Flat) => void): void => {
    const bytes = toBytes(flat);
    simulation.after(0.01, life, kind, () => receive(fromBytes(bytes)));
  };

  const startExecutor = (to: StateHost): void => {
    const number = nextExecutor++;
    const life = new Life(`${place.life.name}x${number}`);
    place.life.onEnd(() => life.end());
    const own: Place = { ...place, life };
    const core = new ExecutorCore({
      env: simulatedEnv(own, `executor ${life.name}`, context.clock),
      app: catalogue,
      send: (_peer, flat) =>
        carry(place.life, 'from executor', flat, (received) => {
          if (host === to && executors.has(number)) to.fromExecutor(number, received);
        }),
    });
    executors.set(number, { life, core });
    to.addExecutor(number, names);
    simulation.after(0, life, 'executor starts', () => core.addPeer(0));
  };

  const loseExecutor = (number: number, what: string): void => {
    const executor = executors.get(number);
    if (executor === undefined || host === undefined) return;
    executor.life.end();
    executors.delete(number);
    host.removeExecutor(number, undefined, { kind: 'crashed', what });
    startExecutor(host);
  };

  /** Another one is opened only when nothing of this one can reach the store any more. */
  const stop = (old: StateHost, why: string): void => {
    simulation.note('stops', why);
    if (host === old) {
      host = undefined;
      clients.clear();
      for (const { life } of executors.values()) life.end();
      executors.clear();
    }
    stopping++;
    void old.close().then(() => {
      stopping--;
    });
  };

  const claim = async (): Promise<void> => {
    if (opening || host !== undefined || stopping > 0) return;
    opening = true;
    const { openReader, writer } = context.store;
    let failed = false;
    const opened: StateHost = new StateHost({
      env,
      partitions,
      log: context.log,
      reader: openReader(),
      openSnapshotReader: openReader,
      writer,
      blobs: context.blobs,
      bus: context.bus,
      retentionMs: 1_000_000_000,
      retentionTasks: 100_000,
      previousEnd: 'its node ended',
      checkpoints: world.plan.checkpoints,
      stalled: () => undefined,
      postToExecutor: (number, flat) => {
        const executor = executors.get(number);
        if (executor !== undefined)
          carry(executor.life, 'to executor', flat, (received) => executor.core.receive(0, received));
      },
      postToClient: (client, flat) => {
        const to = clients.get(client);
        if (to !== undefined) context.send(to, { client, flat: Buffer.from(toBytes(flat)).toString('base64') });
      },
      soon: (turn) => void simulation.after(0, place.life, 'turn', turn),
      onFailed: (partition, error) => {
        if (failed) return;
        failed = true;
        if ((error as { code?: unknown }).code === 'LOG_FENCED') world.count('fenced');
        else world.partitionFailed(place.end, partition, error);
        // Not within the step that failed.
        simulation.after(0, place.life, 'stop', () => {
          opening = false;
          stop(opened, 'failed');
        });
      },
    });
    try {
      await opened.open();
    } catch (error) {
      opening = false;
      if (failed) return;
      failed = true;
      world.partitionFailed(place.end, -1, error);
      stop(opened, 'not opened');
      return;
    }
    if (failed) return;
    opening = false;
    host = opened;
    for (let count = 0; count < executorsPerNode; count++) startExecutor(opened);
    for (const [partition, part] of opened.parts.entries()) world.leads(place.end, partition, part.host.core.epoch);
  };

  return {
    claim: () => void claim(),
    epoch: (partition) => (host?.parts[partition]?.leading === true ? host.parts[partition].host.core.epoch : 0),
    busyWith: () => host !== undefined || opening || stopping > 0,
    inCheckpoint: () => host?.parts.some((part) => part.host.core.checkpointUnderWay) === true,
    rows: (partition) => host?.parts[partition]?.host.core,
    underWay: (partition) => {
      const part = host?.parts[partition];
      if (part === undefined) return 'it does not lead';
      const { alive, queue } = part.tasks;
      if (alive > 0)
        return `${alive} tasks are alive, ${queue.length} of them queued; ${[...part.tasks.live.values()]
          .slice(0, 5)
          .map(({ id, executor, started }) => `${id} on ${executor}${started ? ', started' : ''}`)
          .join('; ')}`;
      return coreUnderWay(part.host.core);
    },
    receive: (from, message) => {
      const { client, flat } = message as FromClientMessage;
      if (host === undefined) {
        context.send(from, { client, flat: '' });
        return;
      }
      if (!clients.has(client)) {
        clients.set(client, from);
        host.addClient(client);
      }
      host.fromClient(client, fromBytes(Buffer.from(flat, 'base64')));
    },
    disturb: (pick) => {
      const numbers = [...executors.keys()];
      const number = numbers[pick % Math.max(1, numbers.length)];
      if (number !== undefined) loseExecutor(number, 'it was ended');
    },
  };
};
