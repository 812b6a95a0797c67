/** The HTTP interface over a real node and a real port. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestGateway, type TestGateway, told } from './gateway-node.fixture.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await openTestGateway();
});
afterAll(async () => {
  await gateway.close();
  expect(gateway.reports).toEqual([]);
});

const post = (path: string, body = '', headers: Record<string, string> = {}): Promise<Response> =>
  gateway.ask(path, { method: 'POST', body, headers });
const get = (path: string): Promise<{ status: number; body: unknown }> => told(gateway.ask(path));
const count = async (): Promise<number> => (await gateway.node.list()).length;

describe('starting', () => {
  test('answers with the id and where the task is; its result is there afterwards', async () => {
    const response = await post('/v1/tasks/echo', ' {"at": {"$date":"2026-11-01T00:00:00.000Z"}, "n": [1]} ');
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    const location = new URL(response.headers.get('location') as string, response.url).pathname;
    expect(location).toBe(`/v1/tasks/${id}`);
    await gateway.backend.wait(id);
    expect(await get(location)).toMatchObject({
      status: 200,
      body: { id, name: 'echo', state: 'completed', result: { at: { $date: '2026-11-01T00:00:00.000Z' }, n: [1] } },
    });
  });

  test('gives the result where it is there in time, in JSON form', async () => {
    expect(await told(post('/v1/tasks/pay?wait=30s', '{"order":"a","cents":5}'))).toEqual({
      status: 200,
      body: 'a: 5',
    });
    expect(await told(post('/v1/tasks/billing.invoice?wait=30s'))).toEqual({ status: 200, body: 'sent' });
    expect(await told(post('/v1/tasks/echo?wait=30s'))).toEqual({ status: 200, body: { $undefined: true } });
  });

  test('gives the id where the result is not there in time', async () => {
    const { status, body } = await told(post('/v1/tasks/waits?wait=1ms'));
    expect(status).toBe(202);
    await gateway.node.cancel((body as { id: string }).id);
  });

  test('tells a failure of the task with what it threw, and no stack', async () => {
    const response = await post('/v1/tasks/refuses?wait=30s');
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      status: 424,
      code: 'TASK_FAILED',
      outcome: 'failed',
      retry: 'never',
      causes: [{ message: 'no such account' }, { message: 'the bank said no' }],
    });
    expect(text).not.toContain('.ts:');
  });

  test('the same start under the same key is one task; another input is a conflict', async () => {
    const key = { 'idempotency-key': 'order-1' };
    const first = await told(post('/v1/tasks/echo', '{"a":1}', key));
    expect(await told(post('/v1/tasks/echo', ' { "a" : 1 } ', key))).toEqual(first);
    expect(await told(post('/v1/tasks/echo', '{"a":2}', key))).toMatchObject({
      status: 409,
      body: { code: 'KEY_CONFLICT', details: first.body as object },
    });
  });

  test('a delay holds a task back', async () => {
    const { body } = await told(post('/v1/tasks/echo?delay=1h', '1'));
    const { id } = body as { id: string };
    expect(await get(`/v1/tasks/${id}`)).toMatchObject({ body: { state: 'scheduled' } });
    await gateway.node.cancel(id);
  });

  test.each([
    ['/v1/tasks/nothing', '1', 404, 'TASK_UNKNOWN'],
    ['/v1/tasks/echo', '{', 400, 'VALUE_MALFORMED'],
    ['/v1/tasks/echo', '{"$date":"yesterday"}', 400, 'VALUE_MALFORMED'],
    ['/v1/tasks/pay', '{"order":"a","cents":0}', 422, 'INPUT_INVALID'],
    ['/v1/tasks/pay', '', 422, 'INPUT_INVALID'],
    ['/v1/tasks/echo?wait=soon', '1', 400, 'DURATION_INVALID'],
    ['/v1/tasks/echo?wait=1day', '1', 400, 'OPTION_INVALID'],
    ['/v1/tasks/echo?dealy=1h', '1', 400, 'OPTION_INVALID'],
    ['/v1/tasks/echo?delay=1h&delay=2h', '1', 400, 'OPTION_INVALID'],
  ])('refuses %s with %s: %i %s, and starts nothing', async (path, body, status, code) => {
    const before = await count();
    expect(await told(post(path, body))).toMatchObject({ status, body: { status, code } });
    expect(await count()).toBe(before);
  });

  test('refuses what is not UTF-8, instead of putting other characters in its place', async () => {
    const body = new Uint8Array([0x22, 0xff, 0x22]);
    expect(await told(gateway.ask('/v1/tasks/echo', { method: 'POST', body }))).toMatchObject({
      body: { code: 'VALUE_MALFORMED' },
    });
  });

  test('refuses what is nested beyond the bound', async () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const tagged = `${'{"$set":['.repeat(100_000)}${']}'.repeat(100_000)}`;
    for (const body of [deep, tagged, `${'{"$object":'.repeat(100_000)}1${'}'.repeat(100_000)}`])
      expect(await told(post('/v1/tasks/echo', body))).toMatchObject({ status: 400 });
  });

  test('refuses a body beyond the bound, declared or not', async () => {
    const body = new Uint8Array(17 * 1024 * 1024).fill(0x20);
    expect(await told(gateway.ask('/v1/tasks/echo', { method: 'POST', body }))).toMatchObject({
      body: { status: 413, code: 'VALUE_TOO_LARGE' },
    });
    const stream = new Blob([body]).stream();
    const init = { method: 'POST', body: stream, duplex: 'half' } as RequestInit;
    expect(await told(gateway.ask('/v1/tasks/echo', init))).toMatchObject({ body: { status: 413 } });
  });
});

describe('seeing', () => {
  test('lists tasks by filter, page by page from the newest', async () => {
    const ids: string[] = [];
    for (const n of [1, 2, 3]) ids.unshift(await gateway.start('logs', JSON.stringify({ lines: n, size: 1 })));
    const seen: string[] = [];
    let cursor = '';
    do {
      const { status, body } = await get(`/v1/tasks?name=logs&limit=2${cursor}`);
      expect(status).toBe(200);
      const page = body as { tasks: { id: string }[]; cursor?: string };
      expect(page.tasks.length).toBeLessThanOrEqual(2);
      seen.push(...page.tasks.map(({ id }) => id));
      cursor = page.cursor === undefined ? '' : `&cursor=${encodeURIComponent(page.cursor)}`;
    } while (cursor !== '');
    expect(seen).toEqual(ids);
    expect(await get('/v1/tasks?createdFrom=2999-01-01')).toEqual({ status: 200, body: { tasks: [] } });
    expect(await get('/v1/tasks?state=asleep')).toMatchObject({ status: 400, body: { code: 'OPTION_INVALID' } });
    expect(await get('/v1/tasks?limit=0')).toMatchObject({ status: 400, body: { code: 'OPTION_INVALID' } });
  });

  test('finds tasks by when they were made: from a time on, and before one', async () => {
    const made = async (key: string): Promise<{ id: string; at: string }> => {
      const { body } = await told(post('/v1/tasks/echo', '1', { 'idempotency-key': key }));
      const { id } = body as { id: string };
      const status = (await get(`/v1/tasks/${id}`)).body as { createdAt: { $date: string } };
      return { id, at: status.createdAt.$date };
    };
    const first = await made('made-0');
    let last = first;
    for (let n = 1; last.at === first.at; n++) last = await made(`made-${n}`);
    const found = async (filter: Record<string, string>): Promise<string[]> => {
      const { body } = await get(`/v1/tasks?${new URLSearchParams({ text: 'made-', ...filter })}`);
      return (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
    };
    expect(await found({ createdFrom: last.at })).toEqual([last.id]);
    const earlier = await found({ createdTo: last.at });
    expect(earlier).not.toContain(last.id);
    expect(earlier).toContain(first.id);
    expect(await found({ createdFrom: first.at, createdTo: last.at })).toEqual(earlier);
    expect(await found({ createdTo: first.at })).toEqual([]);
    // The same moment, as another clock on the wall shows it.
    const [moment] = new Date(Date.parse(last.at) + 3_600_000).toISOString().split('Z');
    expect(await found({ createdFrom: `${moment}+01:00` })).toEqual([last.id]);
  });

  test('finds the one task with a key, whatever the key is made of', async () => {
    const keys = ['of it', 'of it ', 'of it&name=logs', 'of it/é?#%'];
    const ids = new Map<string, string>();
    for (const key of keys)
      ids.set(key, await gateway.backend.start({ id: undefined, name: 'echo', input: '1', key, delayMs: 0 }));
    for (const key of keys) {
      const { body } = await get(`/v1/tasks?key=${encodeURIComponent(key)}`);
      expect((body as { tasks: unknown[] }).tasks).toMatchObject([{ id: ids.get(key), key }]);
    }
    expect(await get('/v1/tasks?key=of')).toEqual({ status: 200, body: { tasks: [] } });
    expect(await get(`/v1/tasks?name=logs&key=${encodeURIComponent('of it')}`)).toEqual({
      status: 200,
      body: { tasks: [] },
    });
  });

  test('a field without a value is left out', async () => {
    const id = await gateway.start('echo', '1');
    const { body } = await get(`/v1/tasks/${id}`);
    expect(Object.keys(body as object)).not.toContain('key');
  });

  test('tells the lines of a log, from an index on', async () => {
    const id = await gateway.start('logs', '{"lines":3,"size":1}');
    await gateway.backend.wait(id);
    const { body } = await get(`/v1/tasks/${id}/logs?from=1`);
    expect(body).toMatchObject([{ message: 'line 1', fields: { filler: 'x' } }, { message: 'line 2' }]);
  });

  test.each(['', '/detail', '/logs', '/events'])('there is no task at an id that is none: %s', async (rest) => {
    for (const id of ['0000000000000000000000000Z', 'no-id'])
      expect(await get(`/v1/tasks/${id}${rest}`)).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
  });

  test('tells what the app has', async () => {
    const { body } = await get('/v1/app');
    const { tasks } = body as { tasks: { name: string; checked: boolean }[] };
    expect(tasks.map(({ name }) => name)).toEqual([
      'billing.invoice',
      'echo',
      'logs',
      'pay',
      'plant',
      'refuses',
      'waits',
    ]);
    expect(tasks.find(({ name }) => name === 'pay')).toMatchObject({
      checked: true,
      inputSchema: { properties: { cents: { type: 'integer' } } },
    });
  });
});

describe('acting', () => {
  test('cancels, again without effect, and runs again what was cancelled', async () => {
    const id = await gateway.start('waits');
    for (const _ of [1, 2])
      expect(await told(gateway.ask(`/v1/tasks/${id}`, { method: 'DELETE' }))).toEqual({
        status: 204,
        body: undefined,
      });
    expect(await get(`/v1/tasks/${id}`)).toMatchObject({ body: { state: 'cancelled' } });
    const again = await post(`/v1/tasks/${id}/retry`);
    expect(again.status).toBe(202);
    expect(new URL(again.headers.get('location') as string, again.url).pathname).toBe(`/v1/tasks/${id}`);
    expect(((await get(`/v1/tasks/${id}`)).body as { state: string }).state).not.toBe('cancelled');
    await gateway.node.cancel(id);
  });

  test('a repeat of a retry does nothing more', async () => {
    const id = await gateway.start('waits');
    const again = (key: string): Promise<Response> => post(`/v1/tasks/${id}/retry`, '', { 'idempotency-key': key });
    await gateway.node.cancel(id);
    expect((await again('first')).status).toBe(202);
    await gateway.node.cancel(id);
    expect((await again('first')).status).toBe(202);
    expect(await get(`/v1/tasks/${id}`)).toMatchObject({ body: { state: 'cancelled' } });
    expect((await again('second')).status).toBe(202);
    expect(((await get(`/v1/tasks/${id}`)).body as { state: string }).state).not.toBe('cancelled');
    await gateway.node.cancel(id);
  });

  test('what has ended cannot be cancelled', async () => {
    const id = await gateway.start('echo', '1');
    await gateway.backend.wait(id);
    expect(await told(gateway.ask(`/v1/tasks/${id}`, { method: 'DELETE' }))).toMatchObject({
      status: 409,
      body: { code: 'TASK_STATE' },
    });
  });
});

describe('addresses', () => {
  test('nothing is told as nothing, another method with the ones there are', async () => {
    expect(await get('/v1/nothing')).toMatchObject({ status: 404, body: { code: 'ROUTE_UNKNOWN' } });
    const put = await gateway.ask('/v1/tasks/echo', { method: 'PUT', body: '1' });
    expect(put.headers.get('allow')).toBe('POST, GET, DELETE');
    expect(await told(put)).toMatchObject({ status: 405, body: { code: 'METHOD_REFUSED' } });
  });

  test('HEAD is as GET, without the body', async () => {
    const response = await gateway.ask('/v1/app', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    const id = await gateway.start('waits');
    expect((await gateway.ask(`/v1/tasks/${id}/events`, { method: 'HEAD' })).status).toBe(200);
    await gateway.node.cancel(id);
  });
});

describe('how the node does', () => {
  test('it is well when a task of its own comes through, and ready when its partitions lead', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, body: { status: 'ok', canaryMs: expect.any(Number) } });
    expect(await get('/readyz')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  test('tells Prometheus of what it did', async () => {
    await told(post('/v1/tasks/billing.invoice?wait=30s'));
    const response = await gateway.ask('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    expect(text).toMatch(/^tutti_tasks_finished_total\{task="billing\.invoice",outcome="completed"\} [1-9]\d*$/m);
    expect(text).toMatch(/^tutti_partition_leading\{partition="0"\} 1$/m);
    expect(text).toMatch(/^tutti_log_syncs_total\{log="0"\} \d+$/m);
    expect(text).toMatch(/^tutti_event_loop_delay_seconds\{thread="state",quantile="0\.99"\} /m);
  });
});
