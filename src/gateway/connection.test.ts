import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type ClientMessage, closeCode, fromClient, fromNode } from '../protocol/wire.ts';
import { decodeError } from '../values/codec.ts';
import { ConnectionWorld } from './connection.fixture.ts';

const id = '0'.repeat(26);
const begun = async (): Promise<ConnectionWorld> => {
  const world = new ConnectionWorld();
  await world.greet();
  return world;
};
const errorIn = (world: ConnectionWorld, index = 0): unknown => decodeError(world.replies[index]?.[2] ?? 'null');

describe('a connection', () => {
  test('C1: welcomes a client with the right token, and lets nobody else reach the backend', async () => {
    const world = new ConnectionWorld('secret');
    await world.take([fromClient.hello, 1, 'secret', 'c'], [fromClient.request, 1, 1, 'status', id]);
    expect(world.sent).toEqual([
      [
        fromNode.welcome,
        1,
        1_000_000,
        limits.clientHeartbeatMs,
        ['ws://other:1/v1/connect'],
        [limits.clientFrameBytesMax, limits.clientRequestsMax, limits.clientStreamsMax],
      ],
    ]);
    expect(world.backend.answers.length).toBe(1);

    for (const token of [null, 'wrong']) {
      const other = new ConnectionWorld('secret');
      await other.take([fromClient.hello, 1, token, 'c'], [fromClient.request, 1, 1, 'status', id]);
      expect(other.closedWith).toBe(closeCode.unauthorized);
      expect(errorIn(other)).toMatchObject({ code: 'UNAUTHORIZED', outcome: 'rejected' });
      expect(other.backend.answers).toEqual([]);
    }
    const silent = new ConnectionWorld();
    await silent.take([fromClient.request, 1, 1, 'status', id]);
    expect(silent.closedWith).toBe(closeCode.malformed);
    expect(silent.backend.answers).toEqual([]);
  });

  test('refuses a version below its floor with a code that says both', async () => {
    const world = new ConnectionWorld();
    await world.take([fromClient.hello, 0, null, 'c']);
    expect(world.closedWith).toBe(closeCode.version);
    expect(errorIn(world)).toMatchObject({ code: 'PROTOCOL_VERSION', details: { client: 0, node: 1 } });
  });

  test('C2: answers requests once and in one frame a turn, with the text or the error that the backend gave', async () => {
    const world = await begun();
    await world.take(
      [fromClient.request, 1, 1, 'start', id, 'a', '1', 'key', 5, 0],
      [fromClient.request, 2, 1, 'start', id, 'a', '1', null, 0, 1],
      [fromClient.request, 3, 1, 'status', 'throws'],
      [fromClient.request, 4, 1, 'app'],
    );
    expect(world.backend.starts).toEqual([
      { id, name: 'a', input: '1', key: 'key', delayMs: 5 },
      { id, name: 'a', input: '1', key: undefined, delayMs: 0 },
    ]);
    world.backend.answers[1]?.resolve('"the result"');
    world.backend.answers[0]?.resolve(id);
    await world.settle();
    expect(world.replies.map(([request, ok]) => [request, ok]).sort()).toEqual([
      [1, 1],
      [2, 1],
      [3, 0],
      [4, 1],
    ]);
    expect(world.replies.find(([request]) => request === 1)?.[2]).toBe(JSON.stringify(id));
    expect(world.replies.find(([request]) => request === 2)?.[2]).toBe('"the result"');
    expect(world.frames).toEqual([2, 2]);
  });

  test('a wrong request fails alone; a frame that cannot be read, or a number that comes twice, ends the connection', async () => {
    const world = await begun();
    await world.take(
      [fromClient.request, 1, 1, 'status', 7],
      [fromClient.request, 2, 1, 'no method'],
      [fromClient.ping, 9],
    );
    expect(world.replies.map(([request, ok]) => [request, ok])).toEqual([
      [1, 0],
      [2, 0],
    ]);
    expect(errorIn(world)).toMatchObject({ code: 'PROTOCOL_INVALID' });
    expect(world.sent.at(-1)).toEqual([fromNode.pong, 9]);
    await world.take([fromClient.request, 3, 1, 'status', id], [fromClient.request, 3, 1, 'status', id]);
    expect(world.closedWith).toBe(closeCode.malformed);

    const other = await begun();
    other.connection.receive(pack({ a: 1 }));
    expect(other.closedWith).toBe(closeCode.malformed);
    expect(other.replies[0]?.slice(0, 2)).toEqual([0, 0]);
  });

  test('C2: what is stopped, or left when it closes, is given up in the node and never answered', async () => {
    const world = await begun();
    await world.take(
      [fromClient.request, 1, 1, 'wait', id],
      [fromClient.request, 2, 1, 'wait', id],
      [fromClient.request, 3, 1, 'follow', id, 4],
      [fromClient.request, 4, 1, 'watchTasks', '{}'],
    );
    expect(world.connection.unanswered).toBe(0);
    await world.take([fromClient.stop, 1], [fromClient.stop, 99]);
    expect(world.backend.signals.map((signal) => signal?.aborted)).toEqual([true, false]);
    world.connection.closed();
    expect(world.backend.signals[1]?.aborted).toBe(true);
    expect(world.backend.follows[0]).toMatchObject({ id, fromLog: 4, stopped: true });
    expect(world.backend.watchers.size).toBe(0);
    for (const answer of world.backend.answers) answer.resolve('1');
    world.backend.follows[0]?.follower.take('{"type":"state"}');
    await world.settle();
    expect(world.replies).toEqual([]);
    expect(world.events).toEqual(['{}']);
  });

  test('C3: refuses beyond its bounds, with a delay, and takes on more when something is done', async () => {
    const world = await begun();
    for (let first = 1; first <= limits.clientRequestsMax; first += 1_000)
      await world.take(
        ...Array.from(
          { length: 1_000 },
          (_, n) => [fromClient.request, first + n, 1, 'wait', id] as [1, number, 1, string, string],
        ),
      );
    expect(world.replies).toEqual([]);
    await world.take([fromClient.request, 50_000, 1, 'status', id]);
    expect(errorIn(world)).toMatchObject({ code: 'OVERLOADED', details: { retryMs: limits.overloadedRetryMs } });
    await world.take([fromClient.stop, 1], [fromClient.request, 50_001, 1, 'status', id]);
    expect(world.replies.length).toBe(1);
  });

  test('says that the node has too much to do when it refused something for that, and not when the client asked too much', async () => {
    const world = await begun();
    await world.take([fromClient.request, 1, 1, 'status', id]);
    world.backend.answers[0]?.reject(new TuttiError('OVERLOADED', 'full', { details: { retryMs: 300 } }));
    await world.settle();
    expect([errorIn(world), world.overloadedMs]).toMatchObject([{ code: 'OVERLOADED' }, [300]]);
    world.backend.refusal = new TuttiError('OVERLOADED', 'full of starts', { details: { retryMs: 200 } });
    await world.take([fromClient.request, 3, 1, 'start', id, 'noop', '1', null, 0, 0]);
    expect([errorIn(world, 1), world.overloadedMs]).toMatchObject([{ message: 'full of starts' }, [300, 200]]);
    expect(world.backend.starts).toEqual([]);
    const pings = Array.from({ length: limits.clientMessagesPerSecond }, () => [fromClient.ping, 1] as [3, number]);
    await world.take(...pings, [fromClient.request, 2, 1, 'status', id]);
    expect([errorIn(world, 2), world.overloadedMs]).toMatchObject([{ code: 'OVERLOADED' }, [300, 200]]);
  });

  test('C3: refuses streams and messages beyond what is allowed, until time has passed', async () => {
    const world = await begun();
    for (let n = 1; n <= limits.clientStreamsMax + 1; n++) world.connection.receive(pack([[1, n, 1, 'follow', id, 0]]));
    await world.settle();
    expect(world.replies.map(([request]) => request)).toEqual([limits.clientStreamsMax + 1]);
    const pings = (count: number) => Array.from({ length: count }, () => [fromClient.ping, 1] as [3, number]);
    await world.take(...pings(limits.clientMessagesPerSecond - 2 * limits.clientStreamsMax));
    await world.take(...pings(limits.clientStreamsMax), [fromClient.request, 9_001, 1, 'status', id]);
    expect(errorIn(world, 1)).toMatchObject({ code: 'OVERLOADED' });
    world.nowMs += 1_000;
    await world.take([fromClient.request, 9_002, 1, 'status', id]);
    expect(world.replies.length).toBe(2);
  });
});

describe('a client that was refused something for load', () => {
  const start = (request: number): ClientMessage => [fromClient.request, request, 1, 'start', id, 'a', '1', null, 0, 0];
  const refusing = async (): Promise<ConnectionWorld> => {
    const world = await begun();
    world.backend.refusal = new TuttiError('OVERLOADED', 'full', { details: { retryMs: 50 } });
    await world.take(start(1), start(2));
    expect([world.replies.length, world.reading, world.holds.length]).toEqual([2, false, 1]);
    return world;
  };

  test('C3: is not read for a while, once for all that came in one go, and then again', async () => {
    const world = await refusing();
    world.holds.pop()?.fire();
    expect(world.reading).toBe(true);
    await world.take(start(3));
    expect([world.reading, world.holds.length]).toEqual([false, 1]);
  });

  test('C4: is not read either until it has taken what waits for it, whichever is later', async () => {
    const world = await refusing();
    world.buffered = limits.clientBufferedBytesMax;
    await world.take([fromClient.request, 3, 1, 'app']);
    world.holds.pop()?.fire();
    expect(world.reading).toBe(false);
    world.buffered = 0;
    world.connection.drained();
    expect(world.reading).toBe(true);
  });

  test('is forgotten when it is closed', async () => {
    const world = await refusing();
    world.connection.closed();
    expect(world.holds).toEqual([]);
  });
});

describe('a slow reader', () => {
  const log = (index: number): string => JSON.stringify({ type: 'log', index, message: 'x'.repeat(10_000) });

  test('C4: makes streams stand still and is not read from; then they go on behind the last line', async () => {
    const world = await begun();
    await world.take([fromClient.request, 1, 1, 'follow', id, 3]);
    const follow = (index: number) => {
      const following = world.backend.follows[index];
      if (following === undefined) throw new Error('It is not followed.');
      return following;
    };
    follow(0).follower.take(log(3));
    follow(0).follower.take('{"type":"progress","done":1,"total":2}');
    world.buffered = limits.clientBufferedBytesMax;
    follow(0).follower.take(log(4));
    expect(follow(0).stopped).toBe(true);
    expect(world.reading).toBe(false);
    // What is still told to it is told again later.
    follow(0).follower.take(log(5));
    follow(0).follower.end();
    await world.settle();
    expect(world.events.length).toBe(3);
    world.connection.drained();
    expect(world.backend.follows.length).toBe(1);
    world.buffered = 0;
    world.connection.drained();
    expect(world.reading).toBe(true);
    expect(follow(1)).toMatchObject({ id, fromLog: 5, stopped: false });
    follow(1).follower.take(log(5));
    follow(1).follower.take('{"type":"finished","ok":true}');
    follow(1).follower.end();
    await world.settle();
    expect(world.events.length).toBe(5);
    expect(world.replies).toEqual([[1, 1, '{"$undefined":true}']]);
  });

  test('C4: is told only the newest of what changed meanwhile', async () => {
    const world = await begun();
    await world.take([fromClient.request, 1, 1, 'watchTasks', '{}']);
    expect(world.events).toEqual(['{}']);
    const change = (listed: string): void => {
      world.backend.listed = listed;
      for (const { take } of world.backend.watchers) take('');
    };
    world.buffered = limits.clientBufferedBytesMax + 1;
    change('"a"');
    await world.settle();
    for (const listed of ['"b"', '"c"', '"d"']) change(listed);
    await world.settle();
    expect(world.events).toEqual(['{}', '"a"']);
    const reads = world.backend.listReads;
    world.buffered = 0;
    world.connection.drained();
    await world.settle();
    expect(world.events).toEqual(['{}', '"a"', '"d"']);
    expect(world.backend.listReads).toBe(reads + 1);
    for (const { take } of world.backend.watchers) take('');
    await world.settle();
    expect(world.events.length).toBe(3);
  });
});

test('a long text comes in parts, none of which ends in half a character', async () => {
  const world = await begun();
  await world.take([fromClient.request, 1, 1, 'status', id], [fromClient.request, 2, 1, 'follow', id, 0]);
  const text = `x${'😀'.repeat(limits.textPartChars)}`;
  world.backend.answers[0]?.resolve(text);
  world.backend.follows[0]?.follower.take(text);
  await world.settle();
  const texts = new Map<unknown, string>();
  for (const [kind, request, ...rest] of world.sent) {
    const part = rest.at(-1) as string;
    expect(part.isWellFormed()).toBe(true);
    expect(part.length).toBeLessThanOrEqual(limits.textPartChars);
    texts.set(request, (texts.get(request) ?? '') + part);
    if (kind !== fromNode.part) expect(texts.get(request)).toBe(text);
  }
  expect([...texts.keys()].sort()).toEqual([1, 2]);
});

test('a stream whose task is not known ends with the error', async () => {
  const world = await begun();
  await world.take([fromClient.request, 1, 1, 'follow', id, 0]);
  world.backend.follows[0]?.follower.end(new Error('none'));
  await world.settle();
  expect(world.replies).toMatchObject([[1, 0, expect.stringContaining('none')]]);
});
