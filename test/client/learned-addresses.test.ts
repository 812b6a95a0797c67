/** Nodes tell clients of each other, so that a client whose node dies goes to one that it was never given. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { socketAddress } from '../../src/client/addresses.ts';
import { connect } from '../../src/client/client.ts';
import type { Serving } from '../../src/index.ts';
import { openTestGateway, type TestGateway } from '../gateway/gateway-node.fixture.ts';
import { FaultyProxy } from './faulty-proxy.fixture.ts';

let first: TestGateway;
let second: Serving;
beforeAll(async () => {
  first = await openTestGateway();
  second = await first.node.serve({ port: 0 });
});
afterAll(() => first.close());

/** A way to the first gateway that can be made to die without a word. */
const mortal = async (): Promise<FaultyProxy> => {
  const proxy = await FaultyProxy.start(first.server.port, 'learned');
  proxy.faulty = false;
  return proxy;
};

test('an address that comes while a client is connected is where it goes on when its node dies, and what it waits for as well', async () => {
  const way = await mortal();
  const given = socketAddress(way.url);
  const client = connect(way.url);
  const id = await first.start('waits');
  const result = expect(client.result(id)).rejects.toMatchObject({ code: 'TASK_CANCELLED' });
  await client.app();
  expect(client.addresses).toEqual([given]);
  (await first.node.backend()).setAddresses([second.url]);
  await expect.poll(() => client.addresses).toEqual([given, socketAddress(second.url)]);
  await way.close();
  await client.cancel(id);
  await result;
  await client.close();
});

test('a client that comes later is told with its welcome', async () => {
  const backend = await first.node.backend();
  backend.setAddresses([second.url]);
  const way = await mortal();
  const given = socketAddress(way.url);
  const client = connect(way.url);
  await client.app();
  expect(client.addresses).toEqual([given, socketAddress(second.url)]);
  await way.close();
  expect(await client.app()).toMatchObject({ tasks: expect.any(Array) });
  backend.setAddresses([]);
  await expect.poll(() => client.addresses).toEqual([given]);
  await client.close();
});
