/** A node in a program of the user's that serves others: on a port of its own, and mounted in the program's server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { open, type Tutti } from '../../src/index.ts';
import * as app from './open-app.fixture.ts';

const module = new URL('./open-app.fixture.ts', import.meta.url).href;
let node: Tutti;
beforeAll(async () => {
  node = await open({ app, module, engine: 'memory', executors: 1 });
});
afterAll(() => node.close());

const post = (body: string): RequestInit => ({ method: 'POST', body, headers: { 'content-type': 'application/json' } });

test('on a port of its own, until that is closed; the node goes on', async () => {
  const serving = await node.serve({ port: 0 });
  expect(serving.url).toBe(`http://127.0.0.1:${serving.port}`);
  const response = await fetch(`${serving.url}/v1/tasks/double?wait=30s`, post('21'));
  expect([response.status, await response.text()]).toEqual([200, '42']);

  await serving.close();
  await expect(fetch(serving.url)).rejects.toThrow();
  expect(await node.run(app.double, 4)).toBe(8);
});

test('where a port is taken it says so, and where others would reach it, what is missing', async () => {
  const { port } = await node.serve({ port: 0 });
  await expect(node.serve({ port })).rejects.toMatchObject({ code: 'ADDRESS_IN_USE', details: { port } });
  await expect(node.serve({ host: '0.0.0.0', port: 0 })).rejects.toMatchObject({ code: 'ADDRESS_UNPROTECTED' });
});

test('as a function, under a path of another server', async () => {
  const request = new Request('https://shop.example/api/tutti/v1/tasks/double?wait=30s', post('21'));
  const response = await node.fetch(request, { basePath: '/api/tutti' });
  expect([response.status, await response.text()]).toEqual([200, '42']);
  const { fetch: handedOn } = node;
  expect((await handedOn(new Request('https://shop.example/other'))).status).toBe(404);
});

test('a node that is closed serves nobody', async () => {
  const other = await open({ app, module, engine: 'memory', executors: 1 });
  const { url } = await other.serve({ port: 0 });
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  await other.close();
  await expect(fetch(url)).rejects.toThrow();
  const response = await other.fetch(new Request('https://shop.example/readyz'));
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'CLOSED' }]);
  await expect(other.serve({ port: 0 })).rejects.toMatchObject({ code: 'CLOSED' });
});
