import { describe, expect, test } from 'vitest';
import * as clientLimits from '../client-limits.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { closeCode, fromClient, fromNode } from '../protocol/wire.ts';
import { encodeError } from '../values/codec.ts';
import { FakeClient, readyClient as ready } from './client-world.fixture.ts';

const refusal = (code: 'OVERLOADED' | 'INPUT_INVALID' | 'LOG_FENCED' | 'REQUEST_EXPIRED', details = {}): string =>
  encodeError(new TuttiError(code, 'refused', { details }));

describe('requests', () => {
  test('go out in one frame a turn when the node has said welcome, and are answered by number', () => {
    const client = new FakeClient();
    const [a, b] = [client.start('a'), client.ask('status', ['x'])];
    client.world.pass(5);
    client.world.socket.opens('secret');
    expect(client.world.socket.received).toEqual([[fromClient.hello, 1, 'secret', 'c']]);
    client.world.socket.tell([fromNode.welcome, 1, 0, 5_000, [], [1_000_000, 100, 10]]);
    expect(client.world.socket.frames).toEqual([1, 2]);
    client.world.socket.answer(1, '"a"');
    client.world.socket.answer(2, '"b"');
    client.world.socket.answer(2, '"again"');
    expect([a.texts, b.texts]).toEqual([['"a"'], ['"b"']]);
    client.start('c');
    client.start('d');
    client.world.settle();
    expect(client.world.socket.frames).toEqual([1, 2, 2]);
    expect(client.world.socket.requests.map(([, number, below]) => [number, below])).toEqual([
      [2, 1],
      [1, 1],
      [3, 3],
      [4, 3],
    ]);
  });

  test('R2: are sent again over the next connection under their numbers, those without an answer alone, in their order', () => {
    const client = ready();
    const asked = ['a', 'b', 'c'].map((name) => client.start(name));
    client.world.settle();
    const [a, b, c] = client.world.socket.requests.map(([, number]) => number) as [number, number, number];
    client.world.socket.answer(b, '"b"');
    client.world.socket.breaks();
    const d = client.start('d');
    client.world.pass(100);
    expect(client.world.sockets.length).toBe(2);
    client.world.socket.welcome();
    expect(client.world.socket.requests.map(([, number]) => number)).toEqual([a, c, c + 1]);
    for (const number of [a, c, c + 1]) client.world.socket.answer(number, '"done"');
    expect([...asked, d].map(({ texts }) => texts)).toEqual([['"done"'], ['"b"'], ['"done"'], ['"done"']]);
  });

  test('have long answers and events put together from their parts; what a broken connection left is forgotten', () => {
    const client = ready();
    const asked = client.ask('status', ['x']);
    const stream = client.ask('follow', ['x', 0], { kind: 'stream' });
    client.world.settle();
    const [a, b] = client.world.socket.requests.map(([, number]) => number) as [number, number];
    client.world.socket.tell([fromNode.part, a, 'lost'], [fromNode.part, b, 'lost']);
    client.world.socket.breaks();
    client.world.pass(100);
    client.world.socket.welcome();
    client.world.socket.tell([fromNode.part, a, '1'], [fromNode.part, b, '2'], [fromNode.part, a, '3']);
    client.world.socket.tell([fromNode.event, b, '4'], [fromNode.event, b, '5'], [fromNode.part, 99, 'nobody']);
    client.world.socket.answer(a, '6');
    expect([asked.texts, stream.events]).toEqual([['136'], ['24', '5']]);
  });

  test('K1: an answer that an earlier connection still tells counts for nothing', () => {
    const client = ready();
    const asked = client.start('a');
    client.world.settle();
    const first = client.world.socket;
    const number = first.requests[0]?.[1] as number;
    first.breaks();
    client.world.pass(100);
    first.answer(number, '"late"');
    client.world.socket.welcome();
    client.world.socket.answer(number, '"right"');
    expect(asked.texts).toEqual(['"right"']);
  });

  test('S1: no more starts are under way than the node takes on; what is answered in a moment goes past them', () => {
    const client = ready({}, { bounds: [1_000_000, 8, 10] });
    for (let n = 0; n < 20; n++) client.start(`${n}`);
    client.ask('status', ['x']);
    client.world.settle();
    const names = () => client.world.socket.requests.map(([, , , method, id]) => (method === 'start' ? id : method));
    expect(names()).toEqual(['status', '0', '1', '2', '3', '4', '5']);
    client.world.socket.answer(client.world.socket.requests[1]?.[1] as number, '1');
    client.world.settle();
    expect(names().at(-1)).toBe('6');
  });

  test('S1: what is refused for load is sent again after the pause, and nothing is started meanwhile', () => {
    const client = ready();
    const a = client.start('a');
    client.world.settle();
    const number = client.world.socket.requests[0]?.[1] as number;
    client.world.socket.answer(number, refusal('OVERLOADED', { retryMs: 100 }), 0);
    const b = client.start('b');
    client.ask('status', ['x']);
    client.world.pass(99);
    expect(client.world.socket.requests.map(([, , , method]) => method)).toEqual(['start', 'status']);
    client.world.pass(101);
    expect(
      client.world.socket.requests
        .slice(2)
        .map(([, , , , id]) => id)
        .sort(),
    ).toEqual(['a', 'b']);
    expect([a.errors, b.errors]).toEqual([[], []]);
    client.world.socket.tell([fromNode.hint, 'overloaded', 1_000]);
    client.start('c');
    client.world.pass(900);
    expect(client.world.socket.requests.length).toBe(4);
    client.world.pass(700);
    expect(client.world.socket.requests.length).toBe(5);
  });

  test('that nobody can answer for are asked again under the same number, with growing pauses', () => {
    const client = ready();
    const asked = client.start('a');
    client.world.settle();
    const number = client.world.socket.requests[0]?.[1] as number;
    for (let times = 0; times < 3; times++) {
      client.world.socket.answer(number, refusal('LOG_FENCED'), 0);
      client.world.pass(1_000);
    }
    expect(client.world.socket.requests.map(([, again]) => again)).toEqual([number, number, number, number]);
    client.world.socket.answer(number, '"a"');
    expect(asked.texts).toEqual(['"a"']);
  });

  test('whose id came too late take a new one, but only where no other copy of them can run', () => {
    const client = ready();
    const ids = ['old', 'new'];
    const renewed: number[] = [];
    const renewing = { args: () => [ids[renewed.length], 'a', '1', null, 0, 0] as never };
    const asked = client.start('a', { ...renewing, renew: (timeMs) => renewed.push(timeMs) });
    client.world.settle();
    const number = client.world.socket.requests[0]?.[1] as number;
    client.world.socket.answer(number, refusal('REQUEST_EXPIRED', { timeMs: 77 }), 0);
    client.world.settle();
    expect(renewed).toEqual([77]);
    expect(client.world.socket.requests.map(([, again, , , id]) => [again, id])).toEqual([
      [number, 'old'],
      [number, 'new'],
    ]);
    client.world.socket.breaks();
    client.world.pass(100);
    client.world.socket.welcome();
    client.world.socket.answer(number, refusal('REQUEST_EXPIRED', { timeMs: 99 }), 0);
    client.world.settle();
    expect([renewed, asked.errors]).toMatchObject([[77], [{ code: 'REQUEST_EXPIRED', outcome: 'unknown' }]]);
  });

  test('S2: too large for the node fail alone, before they are sent', () => {
    const client = ready({}, { bounds: [1_000, 100, 10] });
    const [small, large] = [client.start('a'), client.start('b'.repeat(2_000))];
    client.world.settle();
    expect(client.world.socket.requests.length).toBe(1);
    expect(large.errors).toMatchObject([{ code: 'VALUE_TOO_LARGE', outcome: 'rejected' }]);
    expect(small.errors).toEqual([]);
  });

  test('wait while the socket holds much that was not sent', () => {
    const client = ready();
    client.world.socket.buffered = 100_000_000;
    client.start('a');
    client.world.pass(100);
    expect(client.world.socket.requests.length).toBe(0);
    client.world.socket.buffered = 0;
    client.world.pass(100);
    expect(client.world.socket.requests.length).toBe(1);
  });
});

describe('a connection', () => {
  test('K2: is dialled again at once when it worked, and with growing pauses when it did not', () => {
    const client = ready({ giveUpMs: undefined });
    client.world.socket.breaks();
    client.world.pass(clientLimits.clientBackoffFirstMs / 4);
    expect(client.world.sockets.length).toBe(2);
    const pauses: number[] = [];
    for (let times = 0; times < 10; times++) {
      const count = client.world.sockets.length;
      const from = client.world.nowMs;
      client.world.socket.breaks();
      while (client.world.sockets.length === count) client.world.pass(25);
      pauses.push(client.world.nowMs - from);
    }
    expect(pauses).toEqual([75, 150, 300, 600, 1_200, 2_400, 4_800, 7_500, 7_500, 7_500]);
    client.world.socket.breaks();
    const count = client.world.sockets.length;
    client.core.wake();
    expect(client.world.sockets.length).toBe(count + 1);
  });

  test('that says nothing for too long, even when asked, is left; and soon when somebody looks', () => {
    const client = ready();
    client.world.pass(5_000);
    expect(client.world.socket.received).toEqual([[fromClient.ping, 0]]);
    client.world.socket.tell([fromNode.pong, 0]);
    client.world.pass(10_000);
    expect(client.world.sockets.length).toBe(1);
    client.world.pass(6_000);
    expect(client.world.sockets.length).toBe(2);
    client.world.socket.welcome();
    client.core.wake();
    client.world.pass(1_900);
    client.world.socket.tell([fromNode.pong, 1]);
    client.world.pass(200);
    expect(client.world.sockets.length).toBe(2);
    client.core.wake();
    client.world.pass(2_100);
    expect(client.world.sockets.length).toBe(3);
  });

  test('is not given up while the node still takes what was sent', () => {
    const client = ready();
    for (let left = 100; left > 0; left--) {
      client.world.socket.buffered = left;
      client.world.pass(5_000);
    }
    expect(client.world.sockets.length).toBe(1);
    client.world.pass(8_000);
    expect(client.world.sockets.length).toBe(2);
  });

  test('is not given up when this program was busy or asleep, but asked', () => {
    const client = ready();
    client.world.sleep(60_000);
    expect(client.world.sockets.length).toBe(1);
    expect(client.world.socket.received).toEqual([[fromClient.ping, 1]]);
    client.world.socket.tell([fromNode.pong, 1]);
    client.world.pass(4_000);
    expect(client.world.sockets.length).toBe(1);
    client.world.sleep(60_000);
    client.world.pass(2_100);
    expect(client.world.sockets.length).toBe(2);
  });

  test('that is not made in time is tried at the next address; addresses are learned, never from an encrypted to a plain one', () => {
    const client = new FakeClient({ addresses: ['wss://a', 'wss://b'] });
    client.ask('app', []);
    client.world.pass(clientLimits.clientDialMs + 200);
    expect(client.world.sockets.map(({ address }) => address)).toEqual(['wss://a', 'wss://b']);
    client.world.socket.welcome({ addresses: ['wss://c', 'ws://plain', 'ftp://x', 'wss://a'] });
    expect(client.core.addresses).toEqual(['wss://a', 'wss://b', 'wss://c']);
    client.world.socket.tell([fromNode.hint, 'addresses', ['wss://d', 7]]);
    expect(client.core.addresses).toEqual(['wss://a', 'wss://b', 'wss://d']);
    client.world.socket.breaks();
    client.world.pass(100);
    expect(client.world.socket.address).toBe('wss://d');
  });

  test('whose node ends is left when what is answered in a moment is answered; the rest goes over the next one', () => {
    const client = ready({ addresses: ['ws://a', 'ws://b'] });
    const status = client.ask('status', ['x']);
    const result = client.ask('wait', ['y'], { kind: 'wait' });
    client.world.settle();
    const [plain, wait] = client.world.socket.requests.map(([, number]) => number) as [number, number];
    client.world.socket.tell([fromNode.hint, 'closing', null]);
    const later = client.ask('status', ['z']);
    client.world.pass(100);
    expect(client.world.sockets.length).toBe(1);
    expect(client.world.socket.requests.length).toBe(2);
    client.world.socket.answer(plain, '"x"');
    expect(status.texts).toEqual(['"x"']);
    client.world.pass(100);
    expect(client.world.socket.address).toBe('ws://b');
    client.world.socket.welcome();
    for (const [, number] of client.world.socket.requests) client.world.socket.answer(number, `"${number === wait}"`);
    expect([result.texts, later.texts]).toEqual([['"true"'], ['"false"']]);
  });

  test('that is refused for its token or version fails what was asked, and is tried again when something new is', () => {
    const client = new FakeClient();
    const asked = client.start('a');
    client.world.socket.opens('wrong');
    client.world.socket.answer(0, encodeError(new TuttiError('UNAUTHORIZED', 'no')), 0);
    client.world.socket.breaks(closeCode.unauthorized);
    expect(asked.errors).toMatchObject([{ code: 'UNAUTHORIZED', outcome: 'rejected' }]);
    expect(client.core.state).toBe('resting');
    const old = client.start('b');
    expect(client.world.sockets.length).toBe(2);
    client.world.socket.opens('right');
    client.world.socket.tell([fromNode.welcome, 0, 0, 5_000, [], [1_000, 10, 10]]);
    expect(old.errors).toMatchObject([{ code: 'PROTOCOL_VERSION' }]);
  });

  test('that ends because of what was sent over it: that is not sent again', () => {
    const client = ready();
    const poison = client.start('a');
    client.world.settle();
    client.world.socket.answer(0, encodeError(new TuttiError('PROTOCOL_INVALID', 'no')), 0);
    client.world.socket.breaks(closeCode.malformed);
    expect(poison.errors).toMatchObject([{ code: 'NO_ANSWER', cause: { code: 'PROTOCOL_INVALID' } }]);
    client.world.pass(100);
    client.world.socket.welcome();
    expect(client.world.socket.requests).toEqual([]);
  });

  test('over which comes what cannot be read is left for another one', () => {
    const client = ready();
    client.start('a');
    client.world.settle();
    client.world.socket.events.received(Uint8Array.of(0x80));
    client.world.pass(100);
    client.world.socket.welcome();
    expect(client.world.socket.requests.length).toBe(1);
  });

  test('K3: is given up after a while where nothing listens, and not while a slow node has yet to greet', () => {
    const client = new FakeClient({ giveUpMs: 5_000 });
    const refused = client.ask('app', []);
    while (refused.errors.length === 0 && client.world.nowMs < 60_000) {
      if (!client.world.socket.isClosed) client.world.socket.breaks(1006);
      client.world.pass(10);
    }
    expect(refused.errors).toMatchObject([{ code: 'UNREACHABLE', outcome: 'rejected' }]);
    expect(client.world.nowMs).toBeCloseTo(5_000, -2);

    const dials = client.world.sockets.length;
    const greeted = client.ask('status', ['x']);
    client.world.socket.opens();
    client.world.pass(19_000);
    client.world.socket.welcome();
    client.world.socket.answer(client.world.socket.requests[0]?.[1] as number, '"x"');
    expect([greeted.texts, client.world.sockets.length - dials]).toEqual([['"x"'], 1]);
  });

  test('K3: ends the wait for a node that took the connection and never greets when that attempt ends', () => {
    const client = new FakeClient({ giveUpMs: 5_000 });
    const asked = client.ask('app', []);
    client.world.socket.opens();
    client.world.pass(clientLimits.clientDialOnlyMs - 1);
    expect(asked.errors).toEqual([]);
    client.world.pass(1);
    expect(asked.errors).toMatchObject([{ code: 'UNREACHABLE', outcome: 'rejected' }]);
    expect([client.core.state, client.world.timers]).toEqual(['resting', 0]);
  });

  test('K3: is tried again where an attempt neither opened nor failed, and the next may work', () => {
    const client = new FakeClient({ giveUpMs: 5_000 });
    const asked = client.ask('status', ['x']);
    client.world.pass(clientLimits.clientOpenMs - 1);
    expect(client.world.sockets.length).toBe(1);
    client.world.pass(1);
    expect(client.world.sockets.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    // Later than it would have given up, and the token takes its time.
    client.world.pass(5_000);
    client.world.socket.events.reached();
    client.world.pass(clientLimits.clientDialOnlyMs - 1);
    client.world.socket.events.opened(null);
    client.world.socket.welcome();
    client.world.socket.answer(client.world.socket.requests[0]?.[1] as number, '"x"');
    expect([asked.texts, asked.errors, client.world.sockets.length]).toEqual([['"x"'], [], 2]);
  });

  test('K3: is given up where attempts come to nothing for long, or where one is refused that late', () => {
    const client = new FakeClient({ giveUpMs: 5_000 });
    const asked = client.ask('app', []);
    const ends = (): number => {
      const from = client.world.nowMs;
      while (client.core.state !== 'resting') client.world.pass(100);
      return client.world.nowMs - from;
    };
    // Attempts of 4, 8 and 10 s.
    expect([ends(), client.world.sockets.length]).toEqual([22_000, 3]);
    expect(asked.errors).toMatchObject([{ code: 'UNREACHABLE', outcome: 'rejected' }]);

    const refused = client.ask('app', []);
    client.world.pass(6_000);
    expect([refused.errors, client.world.sockets.length]).toEqual([[], 5]);
    client.world.socket.breaks(0);
    expect(refused.errors).toMatchObject([{ code: 'UNREACHABLE', outcome: 'rejected' }]);
    expect([client.core.state, client.world.timers]).toEqual(['resting', 0]);
  });

  test("gives ids the node's time", () => {
    const client = ready({}, { timeMs: 1_000_000 });
    expect(client.core.nodeTimeMs).toBe(1_000_000);
    client.world.pass(500);
    expect(client.core.nodeTimeMs).toBe(1_000_500);
  });
});
