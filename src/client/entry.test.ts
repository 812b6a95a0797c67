import { describe, expect, test } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import { fromClient } from '../protocol/wire.ts';
import { encodeError } from '../values/codec.ts';
import { FakeClient, readyClient as ready } from './client-world.fixture.ts';

const refusal = encodeError(new TuttiError('INPUT_INVALID', 'refused'));

describe('E1: what is said of a request without an answer', () => {
  test('never sent: rejected, however it ended', () => {
    const client = new FakeClient();
    const giveUp = new AbortController();
    const aborted = client.start('a', { signal: giveUp.signal });
    const timed = client.start('b', { timeoutMs: 1_000 });
    const unreachable = client.start('c');
    giveUp.abort(new Error('no more'));
    expect(aborted.errors).toMatchObject([{ code: 'ABORTED', outcome: 'rejected', cause: { message: 'no more' } }]);
    client.world.pass(1_000);
    expect(timed.errors).toMatchObject([{ code: 'UNREACHABLE', outcome: 'rejected', details: { reason: 'timeout' } }]);
    client.world.pass(40_000);
    expect(unreachable.errors).toMatchObject([
      { code: 'UNREACHABLE', retry: 'later', details: { addresses: ['ws://a'] } },
    ]);
    expect(client.core.state).toBe('resting');
    const left = client.start('d');
    client.core.close();
    expect(left.errors).toMatchObject([{ code: 'ABORTED', details: { reason: 'closed' } }]);
    expect(() => client.start('e')).toThrow(expect.objectContaining({ code: 'ABORTED' }));
    expect(client.world.timers).toBe(0);
  });

  test('sent: unknown, with the id of the task, and the node is told that nobody waits', () => {
    const client = ready();
    const giveUp = new AbortController();
    const aborted = client.start('a', { signal: giveUp.signal });
    const timed = client.start('b', { timeoutMs: 1_000 });
    const closed = client.start('c');
    client.world.pass(1_000);
    giveUp.abort();
    expect(aborted.errors).toMatchObject([{ code: 'NO_ANSWER', outcome: 'unknown', details: { id: 'a' } }]);
    expect(timed.errors).toMatchObject([{ code: 'NO_ANSWER', retry: 'same-id', details: { reason: 'timeout' } }]);
    expect(client.world.socket.received.filter(([kind]) => kind === fromClient.stop).length).toBe(2);
    client.core.close();
    expect(closed.errors).toMatchObject([{ code: 'NO_ANSWER', details: { reason: 'closed' } }]);
    expect(client.world.timers).toBe(0);
  });

  test('sent over a connection that broke, and not sent again: unknown', () => {
    const client = ready();
    const asked = client.start('a');
    client.world.settle();
    client.world.socket.breaks();
    const unsent = client.start('b');
    client.world.pass(45_000);
    expect(asked.errors).toMatchObject([{ code: 'NO_ANSWER', details: { reason: 'unreachable', id: 'a' } }]);
    expect(unsent.errors).toMatchObject([{ code: 'UNREACHABLE' }]);
  });

  test('X6: refused when an earlier copy may still run: unknown; refused without one: rejected', () => {
    const client = ready();
    const [twice, once] = [client.start('a'), client.start('b')];
    client.world.settle();
    const [a, b] = client.world.socket.requests.map(([, number]) => number) as [number, number];
    client.world.socket.answer(b, refusal, 0);
    client.world.socket.breaks();
    client.world.pass(100);
    client.world.socket.welcome();
    client.world.socket.answer(a, refusal, 0);
    expect(once.errors).toMatchObject([{ code: 'INPUT_INVALID', outcome: 'rejected' }]);
    expect(twice.errors).toMatchObject([{ code: 'NO_ANSWER', outcome: 'unknown', cause: { code: 'INPUT_INVALID' } }]);
  });

  test('an already aborted signal sends nothing', () => {
    const client = ready();
    expect(() => client.start('a', { signal: AbortSignal.abort() })).toThrow(
      expect.objectContaining({ code: 'ABORTED' }),
    );
    client.world.settle();
    expect(client.world.socket.requests).toEqual([]);
  });
});
