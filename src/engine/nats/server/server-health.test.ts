import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { streamsLacking } from './server-health.ts';

/** A monitoring address that answers so. */
const monitorOf = async (answer: object) => {
  const server = createServer((_, response) => {
    response.writeHead(503);
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
};

test('streams that a server lacks are counted when it knows which there are', async () => {
  const stream = (name: string) => ({ type: 'STREAM', account: 'app-c', stream: name, error: 'stream not found' });
  expect(await streamsLacking(await monitorOf({ status: 'unavailable', errors: [stream('a'), stream('b')] }))).toBe(2);
  expect(await streamsLacking(await monitorOf({ status: 'ok' }))).toBe(0);
  const meta = { type: 'JETSTREAM', error: 'JetStream is still recovering meta layer' };
  expect(await streamsLacking(await monitorOf({ status: 'unavailable', errors: [meta] }))).toBeUndefined();
});

test('one that does not answer has not told what it lacks', async () => {
  const { host, port } = await monitorOf({});
  expect(await streamsLacking({ host: `${host}0`, port })).toBeUndefined();
});
