import { expect, test } from 'vitest';
import { LocalBus } from '../engine/embedded/local-bus.ts';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import { type Flat, fromClient, fromExecutor, toClient, toExecutor } from '../tasks/messages.ts';
import { mintTaskId } from '../values/task-id.ts';
import { RequestRouter } from './request-router.ts';
import { WorkRelay } from './work-relay.ts';

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('requests of one node are answered by another over the session of their work, and sent again when that ended', async () => {
  const env = manualEnv();
  const bus = new LocalBus(env.timers);
  const id = mintTaskId(1, 1, new Uint8Array(9));
  const told: Flat[] = [];
  const asked: (readonly [node: string, hostClient: number, flat: Flat])[] = [];
  const nothing = () => undefined;
  const node = (name: string): { readonly router: RequestRouter; readonly relay: WorkRelay } => {
    const router: RequestRouter = new RequestRouter(name, 1, {
      toHost: (hostClient, flat) => asked.push([name, hostClient, flat]),
      epochOf: () => 3,
      addHostClient: nothing,
      removeHostClient: nothing,
      toPeer: (to, body) => relay.sendRequests(to, body),
      toClient: (_client, flat) => told.push(flat),
      plan: () => setImmediate(() => router.turn()),
    });
    const leaders = {
      addExecutor: nothing,
      removeExecutor: nothing,
      removeExecutors: nothing,
      executorBusy: nothing,
      executorAnswers: nothing,
      fromExecutor: nothing,
    };
    const executors = { addPeer: nothing, dropPeer: nothing, receive: nothing };
    const peers = {
      peerUp: (peer: string) => router.peerUp(peer),
      peerDown: (peer: string) => router.peerDown(peer),
      tick: (nowMs: number) => router.tick(nowMs),
      fromPeer: (...from: Parameters<RequestRouter['fromPeer']>) => router.fromPeer(...from),
    };
    const relay: WorkRelay = new WorkRelay(name, bus, env, leaders, executors, peers);
    return { router, relay };
  };
  const [a, b] = [node('a'), node('b')];
  const meet = async (): Promise<void> => {
    a.relay.addNode('b');
    b.relay.addNode('a');
    for (let round = 0; round < 10; round++) {
      env.advance(limits.linkTickMs);
      await settled();
    }
  };
  await meet();
  a.router.addClient(1);
  a.router.leader(0, { node: 'b', epoch: 3 });
  a.router.fromClient(1, [fromClient.status, 7, id]);
  await settled();
  expect(asked.map(([name, , flat]) => [name, flat])).toEqual([['b', [fromClient.status, 1, id]]]);
  a.relay.removeNode('b');
  b.relay.removeNode('a');
  b.router.fromHost(asked[0]?.[1] as number, [toClient.reply, 1, 1, '"late"']);
  await meet();
  expect(asked.map(([, , flat]) => flat[1])).toEqual([1, 2]);
  b.router.fromHost(asked[1]?.[1] as number, [toClient.reply, 2, 1, '"here"']);
  await settled();
  expect(told).toEqual([[toClient.reply, 7, 1, '"here"']]);
  a.relay.close();
  b.relay.close();
});

test('what nobody waits for goes with the next message to that node, before it, or with the next tick', async () => {
  const env = manualEnv();
  const bus = new LocalBus(env.timers);
  const nothing = () => undefined;
  const heard: Flat[] = [];
  let messages = 0;
  const node = (name: string): WorkRelay => {
    bus.subscribe(`work/${name}`, () => messages++);
    return new WorkRelay(
      name,
      bus,
      env,
      {
        addExecutor: nothing,
        removeExecutor: () => heard.push(['gone']),
        removeExecutors: nothing,
        executorBusy: nothing,
        executorAnswers: nothing,
        fromExecutor: (_executor, flat) => heard.push(flat),
      },
      { addPeer: nothing, dropPeer: nothing, receive: (_executor, _peer, flat) => heard.push(flat) },
    );
  };
  const [a, b] = [node('a'), node('b')];
  a.addNode('b');
  b.addNode('a');
  a.addExecutor(5, [], []);
  for (let round = 0; round < 10; round++) {
    env.advance(limits.linkTickMs);
    await settled();
  }
  const started: Flat = [fromExecutor.started, 0, 1, 1, fromExecutor.started, 0, 1, 2];
  const want: Flat = [fromExecutor.want, 3];
  messages = 0;
  // Peer 1 is what executors of `a` know `b` as.
  a.fromExecutor(5, 1, started);
  await settled();
  expect([heard, messages]).toEqual([[], 0]);
  a.fromExecutor(5, 1, want);
  await settled();
  expect([heard.splice(0), messages]).toEqual([[started, want], 1]);
  a.fromExecutor(5, 1, started);
  env.advance(limits.linkTickMs);
  await settled();
  expect(heard.splice(0)).toEqual([started]);
  const taken: Flat = [toExecutor.taken, 0, 1, 2];
  b.toExecutor(2 ** 20, taken);
  await settled();
  expect(heard).toEqual([]);
  env.advance(limits.linkTickMs);
  await settled();
  expect(heard.splice(0)).toEqual([taken]);
  // The end of its executor does not overtake it.
  a.fromExecutor(5, 1, started);
  a.removeExecutor(5, undefined, { kind: 'crashed', what: 'it ended' });
  await settled();
  expect(heard.slice(-2)).toEqual([started, ['gone']]);
  a.close();
  b.close();
});

test('a node that was forgotten, and did not notice, is met again at once under another number (L1)', async () => {
  const env = manualEnv();
  const bus = new LocalBus(env.timers);
  const nothing = () => undefined;
  const known: number[] = [];
  const granted: Flat[] = [];
  const node = (name: string): WorkRelay =>
    new WorkRelay(
      name,
      bus,
      env,
      {
        addExecutor: (executor) => known.push(executor),
        removeExecutor: nothing,
        removeExecutors: nothing,
        executorBusy: nothing,
        executorAnswers: nothing,
        fromExecutor: nothing,
      },
      { addPeer: nothing, dropPeer: nothing, receive: (_executor, _peer, flat) => granted.push(flat) },
    );
  const [a, b] = [node('a'), node('b')];
  const turns = async (): Promise<void> => {
    for (let round = 0; round < 5; round++) {
      env.advance(limits.linkTickMs);
      await settled();
    }
  };
  a.addNode('b');
  b.addNode('a');
  await turns();
  b.addExecutor(5, [], []);
  await turns();
  expect(known.splice(0)).toEqual([5, 2 ** 20]);
  a.removeNode('b');
  a.addNode('b');
  await turns();
  expect(known).toEqual([2 ** 20 + 1]);
  a.toExecutor(2 ** 20 + 1, [toExecutor.grant, 0]);
  await turns();
  expect(granted).toEqual([[toExecutor.grant, 0]]);
  a.close();
  b.close();
});
