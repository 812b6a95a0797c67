import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { currentStreams } from './server-health.ts';

/** A monitoring address that answers so. */
const monitorOf = async (streams: readonly string[], errors?: readonly object[]) => {
  const stores = { account_details: [{ name: 'SYS' }, { stream_detail: streams.map((name) => ({ name })) }] };
  const server = createServer(({ url }, response) => {
    response.end(JSON.stringify(url?.startsWith('/jsz') ? stores : { errors }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, server };
};

const lacks = (stream: string) => ({ type: 'STREAM', account: 'app-c', stream, error: 'stream not found' });

test('streams count that are there and current', async () => {
  expect(await currentStreams(await monitorOf(['a', 'b', 'c'], [lacks('b'), lacks('d')]))).toBe(2);
  expect(await currentStreams(await monitorOf(['a', 'b', 'c']))).toBe(3);
});

test('a server that was not told of any streams has none, though it is well', async () => {
  expect(await currentStreams(await monitorOf([]))).toBe(0);
});

test('one that does not know which there are, or does not answer, has not told', async () => {
  const meta = { type: 'JETSTREAM', error: 'JetStream is still recovering meta layer' };
  const { server, ...monitor } = await monitorOf(['a'], [meta]);
  expect(await currentStreams(monitor)).toBeUndefined();
  await new Promise((resolve) => server.close(resolve));
  expect(await currentStreams(monitor)).toBeUndefined();
});
