/**
 * A node of the task workload: the state host that ships leads all partitions, and executors that ship run the app in-line.
 * Everything between them goes over as bytes. A node that is told to claim opens all partitions; one that lost any begins again.
 */
import { catalogueOf } from '../../../src/app/catalogue-of-app.ts';
import { StateHost } from '../../../src/execution/state/state-host.ts';
import { fromBytes, toBytes } from '../../../src/testing/flat-bytes.ts';
import { InLineExecutors } from '../../../src/testing/in-line-executors.ts';
import { coreUnderWay } from '../core-under-way.ts';
import type { NodeContext, NodeProgram } from '../node.ts';
import * as app from './app.ts';

export const executorsPerNode = 2;
const catalogue = catalogueOf(app);

/** A client's message, or (with an empty one) its hello. */
export type FromClientMessage = { readonly client: number; readonly flat: string };

export const taskNode = (context: NodeContext): NodeProgram => {
  const { place, env, world } = context;
  const { simulation } = place;
  const { partitions } = world.plan;
  const executors = new InLineExecutors({ place, clock: context.clock, app: catalogue });
  const clients = new Map<number, string>();
  let host: StateHost | undefined;
  let opening = false;
  /** How many hosts are being closed. */
  let stopping = 0;

  /** Another one is opened only when nothing of this one can reach the store any more. */
  const stop = (old: StateHost, why: string): void => {
    simulation.tell('stops', why);
    if (host === old) {
      world.trace?.leadsNoMore(place.end);
      host = undefined;
      clients.clear();
      executors.endAll();
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
      postToExecutor: (number, flat) => executors.post(number, flat),
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
    for (let count = 0; count < executorsPerNode; count++) executors.start(opened);
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
      const { numbers } = executors;
      const number = numbers[pick % Math.max(1, numbers.length)];
      if (number !== undefined) executors.lose(number, { kind: 'crashed', what: 'it was ended' });
    },
  };
};
