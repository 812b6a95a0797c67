/** Scenarios that tests run in simulated worlds. */
import assert from 'node:assert/strict';
import type { TaskEvent } from '../../src/index.ts';
import type { World } from '../../src/testing/index.ts';
import * as app from './app.fixture.ts';

export const month = async ({ client }: World, name: string) => {
  const from = Date.now();
  const greeted = await client.run(app.reminds, name);
  return { days: (Date.now() - from) / 86_400_000, greeted, letters: app.sentLetters() };
};

/** Many tasks at once, so that every fault meets some of them. */
export const many = async ({ client, sleep }: World, count: number) => {
  const letters = Array.from({ length: count }, (_, at) => client.run(app.reminds, `${at}`));
  const sums = Array.from({ length: count }, () => client.run(app.squares, 10));
  await sleep('1 day');
  return { letters: await Promise.all(letters), sums: await Promise.all(sums), sent: app.sentLetters().toSorted() };
};

export const crashes = async ({ client, crash, sleep, killExecutor }: World, power: boolean) => {
  const events: TaskEvent[] = [];
  const handle = await client.start(app.reminds, 'Ada', { key: 'ada' });
  client.follow(handle.id, (event) => events.push(event));
  await sleep('15 days');
  await crash({ power, downFor: '1 h' });
  assert.equal((await handle.status())?.state, 'waiting');
  await killExecutor();
  const again = await client.start(app.reminds, 'Ada', { key: 'ada' });
  return { same: again.id === handle.id, name: await handle.result(), letters: app.sentLetters(), events };
};

/** A crash while the client waits for an answer. */
export const crashesUnderWay = async ({ client, crash }: World) => {
  const squares = client.run(app.squares, 100);
  const down = crash();
  return [await squares, await down];
};

export const cancels = async ({ client, sleep }: World) => {
  const handle = await client.start(app.reminds, 'Ada');
  await sleep('1 day');
  await handle.cancel();
  await assert.rejects(handle.result(), { code: 'TASK_CANCELLED' });
  return (await client.list({ name: 'reminds' })).map(({ state }) => state);
};

export const fails = async ({ client }: World) => {
  assert.equal(await client.run(app.square, 3), 10);
};

/** Runs the task that is named. */
export const runs = async ({ client }: World, name: string) => {
  const exported: Readonly<Record<string, unknown>> = { ...app };
  return client.run(exported[name] as typeof app.exitsOnce);
};

export const never = async ({ client }: World) => {
  await client.start(app.reminds, 'Ada');
  await new Promise(() => {});
};

export const chance = async () => [Math.random(), crypto.randomUUID(), Date.now(), process.hrtime.bigint()];

export const strays = async ({ sleep }: World) => {
  void Promise.reject(new Error('nobody waits for this'));
  await sleep('1 s');
};

export const notAFunction = 1;
