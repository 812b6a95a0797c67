import { expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type Flat, fromClient, toClient } from '../tasks/messages.ts';
import { decodeError, encodeError, encodeValue } from '../values/codec.ts';
import { mintTaskId } from '../values/task-id.ts';
import { RequestRouter } from './request-router.ts';
import type { RouterBody } from './router-out.ts';

const client = 7;
const id = mintTaskId(1, 1, new Uint8Array(9));
const start = (request: number, wait: 0 | 1 = 0): Flat => [
  fromClient.start,
  request,
  id,
  'some',
  '1',
  undefined,
  undefined,
  0,
  wait,
  0,
];
const nothing = encodeValue(undefined);
const refusal = (code: 'OVERLOADED' | 'TASK_STATE'): string =>
  encodeError(new TuttiError(code, 'no', { details: { retryMs: 30 } }));

/** A router of node `a` with a client, and what it says. */
const rig = () => {
  const host: Flat[] = [];
  const peers: [string, RouterBody][] = [];
  const told: Flat[] = [];
  const led = { epoch: 0 };
  const hostClients = new Set<number>();
  const router: RequestRouter = new RequestRouter('a', 1, {
    toHost: (_hostClient, flat) => host.push(flat),
    epochOf: () => led.epoch,
    addHostClient: (hostClient) => hostClients.add(hostClient),
    removeHostClient: (hostClient) => hostClients.delete(hostClient),
    toPeer: (node, body) => peers.push([node, body]),
    toClient: (_client, flat) => told.push(flat),
    plan: () => undefined,
  });
  router.addClient(client);
  const turn = (): { readonly host: Flat[]; readonly peers: [string, RouterBody][]; readonly told: Flat[] } => {
    router.turn();
    return { host: host.splice(0), peers: peers.splice(0), told: told.splice(0) };
  };
  const answers = (node: string, ...flat: unknown[]): void => router.fromPeer(node, [[], flat, [], []]);
  return { router, hostClients, led, turn, answers };
};

/** The same, with the one partition led by node `b`. */
const ledElsewhere = () => {
  const all = rig();
  all.router.peerUp('b');
  all.router.leader(0, { node: 'b', epoch: 1 });
  return all;
};

const asksOf = (peers: readonly (readonly [string, RouterBody])[]): Flat[] => peers.map(([, [asks]]) => asks);

test('what this node leads goes to its own leaders at once, and their answers to the client at once', () => {
  const { router, turn } = rig();
  router.leader(0, { node: 'a', epoch: 1 });
  router.fromClient(client, [...start(3), fromClient.wait, 4, id]);
  const [flat] = turn().host;
  expect(flat?.slice(0, 3)).toEqual([fromClient.start, 1, id]);
  expect(flat?.slice(9)).toEqual([0, fromClient.wait, 2, id]);
  router.fromHost(1, [toClient.reply, 2, 1, '"y"', toClient.reply, 1, 1, '"x"']);
  expect(turn().told).toEqual([[toClient.reply, 4, 1, '"y"', toClient.reply, 3, 1, '"x"']]);
});

test('a request waits for a leader that can be reached, and a start that leaves its node says that it may be a repeat', () => {
  const { router, turn } = rig();
  router.fromClient(client, start(3));
  router.leader(0, { node: 'b', epoch: 1 });
  expect(turn()).toEqual({ host: [], peers: [], told: [] });
  router.peerUp('b');
  const { peers } = turn();
  expect(peers[0]?.[0]).toBe('b');
  expect(asksOf(peers)[0]?.[9]).toBe(1);
});

test('beyond a bound a request that would wait for a leader is refused, with when to come again', () => {
  const { router, turn } = rig();
  for (let request = 0; request < limits.leaderlessRequestsMax; request++)
    router.fromClient(client, [fromClient.status, request, id]);
  expect(turn().told).toEqual([]);
  router.fromClient(client, [fromClient.status, -1, id]);
  const [told] = turn().told;
  expect(told?.slice(0, 3)).toEqual([toClient.reply, -1, 0]);
  expect(decodeError(told?.[3] as string)).toMatchObject({
    code: 'OVERLOADED',
    details: { retryMs: limits.overloadedRetryMs },
  });
});

test('a newer epoch, of the same node too, is asked again; what the earlier one says then counts for nothing', () => {
  const { router, turn, answers } = ledElsewhere();
  router.fromClient(client, [fromClient.status, 3, id]);
  expect(asksOf(turn().peers)).toEqual([[fromClient.status, 1, id]]);
  router.leader(0, { node: 'b', epoch: 5 });
  expect(asksOf(turn().peers)).toEqual([[fromClient.status, 2, id]]);
  router.leader(0, { node: 'c', epoch: 4 });
  router.leader(0, undefined);
  router.leader(0, { node: 'b', epoch: 5 });
  expect(turn().peers).toEqual([]);
  answers('b', toClient.reply, 1, 1, '"old"');
  expect(turn().told).toEqual([]);
  answers('b', toClient.reply, 2, 1, '"new"', toClient.reply, 2, 1, '"again"');
  expect(turn().told).toEqual([[toClient.reply, 3, 1, '"new"']]);
});

test('what waits is given up where it was when it moves on, when its client gives it up, and when that is gone', () => {
  const { router, hostClients, turn } = ledElsewhere();
  router.fromClient(client, start(3, 1));
  router.fromClient(client, [fromClient.follow, 4, id, 0]);
  turn();
  router.leader(0, { node: 'b', epoch: 2 });
  const moved = asksOf(turn().peers)[0] ?? [];
  expect(moved.slice(0, 5)).toEqual([fromClient.giveUp, 1, id, 'some', undefined]);
  expect(moved.slice(15, 20)).toEqual([fromClient.giveUp, 2, id, undefined, undefined]);
  router.fromClient(client, [fromClient.giveUp, 4, id, undefined, undefined]);
  expect(asksOf(turn().peers)).toEqual([[fromClient.giveUp, 4, id, undefined, undefined]]);
  router.removeClient(client);
  expect(asksOf(turn().peers)).toEqual([[fromClient.giveUp, 3, id, 'some', undefined]]);
  expect([router.pending, hostClients.size]).toEqual([{ all: 0, held: 0 }, 1]);
});

test('one that says it does not lead is asked again after a while, or whoever is heard to lead at once', () => {
  const { router, turn } = ledElsewhere();
  router.fromClient(client, [fromClient.status, 3, id]);
  router.fromPeer('b', [[], [], [1], []]);
  turn();
  router.tick(limits.notLedRetryMs - 1);
  expect(turn().peers).toEqual([]);
  router.tick(limits.notLedRetryMs);
  expect(asksOf(turn().peers)).toEqual([[fromClient.status, 2, id]]);
  router.fromPeer('b', [[], [], [2], []]);
  router.leader(0, { node: 'a', epoch: 2 });
  expect(turn().host).toEqual([[fromClient.status, 3, id]]);
});

test('a follow goes on with another leader behind its last line, and is not told a state again that it knows', () => {
  const { router, turn, answers } = ledElsewhere();
  router.fromClient(client, [fromClient.follow, 3, id, 0]);
  const [state, line, other] = [
    '{"type":"state","state":"running"}',
    '{"type":"log","index":11,"x":1}',
    '{"type":"state"}',
  ];
  answers('b', toClient.event, 1, state, toClient.event, 1, line);
  expect(turn().told).toEqual([[toClient.event, 3, state, toClient.event, 3, line]]);
  router.leader(0, { node: 'a', epoch: 2 });
  expect(turn().host).toEqual([[fromClient.follow, 2, id, 12]]);
  router.fromHost(1, [toClient.event, 2, state, toClient.event, 2, other]);
  expect(turn().told).toEqual([[toClient.event, 3, other]]);
  const finished = '{"type":"finished","ok":true,"value":1}';
  router.fromHost(1, [toClient.event, 2, finished]);
  expect(turn().told).toEqual([[toClient.event, 3, finished, toClient.reply, 3, 1, nothing]]);
  router.leader(0, { node: 'a', epoch: 3 });
  expect(turn().host).toEqual([]);
});

test('a start of which a copy may have been taken is not refused for load, but asked again', () => {
  const { router, turn, answers } = ledElsewhere();
  const overloaded = refusal('OVERLOADED');
  router.fromClient(client, start(3));
  answers('b', toClient.reply, 1, 0, overloaded);
  expect(turn().told).toEqual([[toClient.reply, 3, 0, overloaded]]);
  router.fromClient(client, start(4));
  turn();
  router.leader(0, { node: 'a', epoch: 2 });
  router.fromHost(1, [toClient.reply, 3, 0, overloaded]);
  const { host, told } = turn();
  expect([host[0]?.[9], told]).toEqual([1, []]);
  router.tick(30);
  expect(turn().host[0]?.[1]).toBe(4);
  router.fromHost(1, [toClient.reply, 4, 1, '"x"']);
  expect(turn().told).toEqual([[toClient.reply, 4, 1, '"x"']]);
});

test('a repeated cancellation that finds the task ended is none the worse; a retry has a request id of its own', () => {
  const { router, turn } = ledElsewhere();
  router.fromClient(client, [
    fromClient.cancel,
    3,
    id,
    fromClient.retry,
    4,
    id,
    undefined,
    fromClient.retry,
    5,
    id,
    'r',
  ]);
  const [asks = []] = asksOf(turn().peers);
  const name = asks[6];
  expect([name, asks[10]]).toEqual([expect.stringMatching(/^a\.\d+$/), 'r']);
  router.leader(0, { node: 'a', epoch: 2 });
  const [again = []] = turn().host;
  expect(again[6]).toBe(name);
  router.fromHost(1, [toClient.reply, again[1], 0, refusal('TASK_STATE')]);
  expect(turn().told).toEqual([[toClient.reply, 3, 1, nothing]]);
});

test('what another node asks is answered over its session by the leaders here, or sent back; nothing of it outlives the session', () => {
  const { router, hostClients, turn } = rig();
  router.peerUp('b');
  router.fromPeer('b', [[fromClient.status, 91, id, fromClient.status, 92, id], [], [], [0, 0]]);
  expect(turn().host).toEqual([[fromClient.status, 91, id, fromClient.status, 92, id]]);
  const [, hostClient = 0] = hostClients;
  router.notLed(hostClient, 92);
  router.fromHost(hostClient, [toClient.reply, 91, 1, '"x"']);
  expect(turn().peers).toEqual([['b', [[], [toClient.reply, 91, 1, '"x"'], [92], []]]]);
  router.peerDown('b');
  router.fromClient(client, [fromClient.status, 3, id]);
  router.leader(0, { node: 'a', epoch: 1 });
  expect([...hostClients]).toEqual([1]);
  // Numbers of the other node's, which may be ours as well.
  router.fromHost(hostClient, [toClient.reply, 1, 1, '"late"']);
  router.notLed(hostClient, 1);
  expect([turn().told, router.pending]).toEqual([[], { all: 1, held: 0 }]);
});

test('what is asked says for which epoch, and is sent back by a node that leads in another, later one too; to give up is for any', () => {
  const { router, led, turn } = ledElsewhere();
  router.fromClient(client, [fromClient.wait, 3, id]);
  expect(turn().peers[0]?.[1]).toEqual([[fromClient.wait, 1, id], [], [], [1]]);
  router.leader(0, { node: 'b', epoch: 4 });
  const [[, moved] = []] = turn().peers;
  expect([moved?.[0][0], moved?.[3]]).toEqual([fromClient.giveUp, [0, 4]]);

  led.epoch = 7;
  const giveUp: Flat = [fromClient.giveUp, 93, id, undefined, undefined];
  const asks = [fromClient.status, 91, id, fromClient.retry, 92, id, 'r', ...giveUp];
  router.fromPeer('b', [asks, [], [], [7, 6, 0]]);
  const { host, peers } = turn();
  expect(host).toEqual([[fromClient.status, 91, id, ...giveUp]]);
  expect(peers).toEqual([['b', [[], [], [92], []]]]);
});

test('notices of changes are asked of all nodes, also of those that come later, and told once a turn while somebody wants them', () => {
  const { router, hostClients, turn, answers } = ledElsewhere();
  router.fromClient(client, [fromClient.changes, 3, 1, fromClient.changes, 4, 1]);
  router.peerUp('c');
  const { host, peers } = turn();
  expect(host).toEqual([[fromClient.changes, 1, 1]]);
  expect(peers.map(([node, [asks]]) => [node, asks])).toEqual([
    ['b', [fromClient.changes, 1, 1]],
    ['c', [fromClient.changes, 1, 1]],
  ]);
  answers('b', toClient.event, 1, '');
  answers('c', toClient.event, 1, '');
  expect(turn().told).toEqual([[toClient.event, 3, '', toClient.event, 4, '']]);
  router.fromClient(client, [fromClient.changes, 3, 0]);
  expect(turn().peers).toEqual([]);
  router.removeClient(client);
  expect(asksOf(turn().peers)).toEqual([
    [fromClient.changes, 1, 0],
    [fromClient.changes, 1, 0],
  ]);
  answers('b', toClient.event, 1, '');
  expect([turn().told, hostClients.size]).toEqual([[], 2]);
});

test('what is gathered for another node goes in bodies of bounded length', () => {
  const { router, turn } = ledElsewhere();
  const input = `"${'x'.repeat(limits.linkBodyChars / 2)}"`;
  for (let request = 1; request <= 5; request++) {
    const message = start(request);
    message[4] = input;
    router.fromClient(client, message);
  }
  expect(asksOf(turn().peers).map(({ length }) => length / 10)).toEqual([2, 2, 1]);
});
