/** What happens to a task as server-sent events, over a real node. */
import { EventEmitter } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/gateway/backend.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { limits } from '../../src/limits.ts';
import { openTestGateway, type TestGateway, told } from './gateway-node.fixture.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
afterAll(async () => {
  await gateway.close();
  expect(gateway.reports).toEqual([]);
});

type SentEvent = { readonly id: string; readonly event: string; readonly data: Record<string, unknown> };

/** Reads as the standard says: blocks of `field: value` lines, comments left out. */
async function* eventsOf(response: Response): AsyncGenerator<SentEvent> {
  let text = '';
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      const blocks = (text + value).split('\n\n');
      text = blocks.pop() as string;
      for (const block of blocks) {
        const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
        const fields = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s)));
        if (fields['data'] !== undefined)
          yield { id: fields['id'], event: fields['event'], data: JSON.parse(fields['data']) };
      }
    }
  } finally {
    await reader.cancel();
  }
}

const follow = (id: string, lastEventId?: string, signal?: AbortSignal): Promise<Response> =>
  gateway.ask(`/v1/tasks/${id}/events`, {
    ...(lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } }),
    ...(signal === undefined ? {} : { signal }),
  });

const read = async (response: Promise<Response>): Promise<SentEvent[]> => Array.fromAsync(eventsOf(await response));
const ofLog = (events: readonly SentEvent[]): SentEvent[] => events.filter(({ event }) => event === 'log');

test('a task is followed from how it is now to its end, each line once and in order', async () => {
  const id = await gateway.start('logs', '{"lines":5,"size":1}');
  const response = await follow(id);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events = await read(Promise.resolve(response));
  expect(events[0]).toMatchObject({ event: 'state', data: { type: 'state' } });
  expect(ofLog(events).map(({ id, data }) => [id, data['message']])).toEqual(
    [0, 1, 2, 3, 4].map((line) => [String(line + 1), `line ${line}`]),
  );
  expect(events.at(-1)).toMatchObject({ id: '5-end', event: 'finished', data: { ok: true, value: 5 } });
});

test('who was cut off goes on behind the last event received; who has seen the end is told that there is no more', async () => {
  const id = await gateway.start('logs', '{"lines":5,"size":1}');
  await gateway.backend.wait(id);
  expect(ofLog(await read(follow(id, '3'))).map(({ data }) => data['message'])).toEqual(['line 3', 'line 4']);
  expect(ofLog(await read(follow(id, '5')))).toEqual([]);
  const ended = await follow(id, '5-end');
  expect([ended.status, await ended.text()]).toEqual([204, '']);
  expect(await told(follow(id, 'yesterday'))).toMatchObject({ status: 400, body: { code: 'OPTION_INVALID' } });
});

test('a failure is told with its error', async () => {
  const events = await read(follow(await gateway.start('refuses')));
  expect(events.at(-1)).toMatchObject({
    event: 'finished',
    data: { ok: false, error: { $error: { code: 'TASK_FAILED' } } },
  });
});

/** A gateway whose backend counts what is followed now, and how often it was begun. */
const counting = (): { gateway: Gateway; counts: { now: number; begun: number } } => {
  const counts = { now: 0, begun: 0 };
  const backend: Backend = Object.create(gateway.backend, {
    follow: {
      value: (...args: Parameters<Backend['follow']>) => {
        counts.now++;
        counts.begun++;
        const stop = gateway.backend.follow(...args);
        return () => {
          counts.now--;
          stop();
        };
      },
    },
  });
  return { gateway: new Gateway(backend, { report: (error) => gateway.reports.push(error) }), counts };
};

test('a slow reader is not followed for until it has taken what there is, and misses nothing', async () => {
  const lines = 2_000;
  const id = await gateway.start('logs', JSON.stringify({ lines, size: 1_000 }));
  await gateway.backend.wait(id);
  const { gateway: counted, counts } = counting();
  const response = await counted.fetch(new Request(`http://localhost/v1/tasks/${id}/events`));
  await expect.poll(() => counts.now).toBe(0);
  const events = await read(Promise.resolve(response));
  expect(ofLog(events).map(({ data }) => data['index'])).toEqual(Array.from({ length: lines }, (_, index) => index));
  expect(events.filter(({ event }) => event === 'finished').length).toBe(1);
  expect(counts.begun).toBeGreaterThan(2);
  expect(counts.now).toBe(0);
});

test('nothing is followed any more for who has gone away', async () => {
  const id = await gateway.start('waits');
  const { gateway: counted, counts } = counting();
  const response = await counted.fetch(new Request(`http://localhost/v1/tasks/${id}/events`));
  expect(counts.now).toBe(1);
  await response.body?.cancel();
  expect(counts.now).toBe(0);
  const head = await counted.fetch(new Request(`http://localhost/v1/tasks/${id}/events`, { method: 'HEAD' }));
  expect([head.status, counts.now, counts.begun]).toEqual([200, 0, 2]);
  await gateway.node.cancel(id);
});

test('a connection that breaks ends the following, on the server as well', async () => {
  const id = await gateway.start('waits');
  const going = new AbortController();
  const events = eventsOf(await follow(id, undefined, going.signal));
  await events.next();
  expect(gateway.server.inFlight).toBe(1);
  going.abort();
  await expect.poll(() => gateway.server.inFlight).toBe(0);
  await gateway.node.cancel(id);
});

test('on one connection so many are followed at once and no more; who ends one may follow another', async () => {
  const id = await gateway.start('waits');
  const { gateway: counted, counts } = counting();
  const incoming = { socket: {} };
  const begin = (): { answer: Promise<Response>; outgoing: EventEmitter } => {
    const outgoing = Object.assign(new EventEmitter(), { closed: false });
    const request = new Request(`http://localhost/v1/tasks/${id}/events`);
    return { answer: counted.fetch(request, { incoming, outgoing }), outgoing };
  };
  const begun = Array.from({ length: limits.gatewayInFlightPerConnectionMax }, begin);
  expect((await Promise.all(begun.map(({ answer }) => answer))).every(({ ok }) => ok)).toBe(true);
  const refused = await begin().answer;
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  begun[0]?.outgoing.emit('close');
  expect((await begin().answer).status).toBe(200);
  counted.close();
  expect(counts.now).toBe(0);
  await gateway.node.cancel(id);
});
