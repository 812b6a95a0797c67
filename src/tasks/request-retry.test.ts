import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { decodeError } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { fromClient } from './messages.ts';
import { killAll, only, worldOf } from './one-partition.fixture.ts';
import { doneTable } from './tables.ts';
import type { World } from './world.fixture.ts';

/** Runs to its end, however often it is run again. */
const settle = (world: World): void => {
  world.stepResults.clear();
  world.run();
};
const retry = (world: World, id: string, requestId?: string): unknown => {
  const request = world.ask(only(world), fromClient.retry, id, requestId);
  while (only(world).appends.length > 0) world.land(only(world));
  const reply = world.reply(request);
  return reply?.ok === true ? 'ok' : (decodeError(reply?.text ?? '') as { code?: string }).code;
};
/** A task that has failed; its id. */
const failed = (world: World): string => {
  const id = world.mint(0);
  world.start(id, { ops: [], end: 'fatal' });
  settle(world);
  return id;
};
const alive = (world: World): number => only(world).tasks.alive;

test('a repeat of a request to retry is answered as the first was and changes nothing: while it runs, after its end, and by a new leader', () => {
  const world = worldOf();
  const id = failed(world);
  expect([retry(world, id, 'first'), alive(world)]).toEqual(['ok', 1]);
  expect([retry(world, id, 'first'), alive(world)]).toEqual(['ok', 1]);
  expect(retry(world, id, 'second')).toBe('TASK_STATE');
  settle(world);
  expect([retry(world, id, 'first'), alive(world)]).toEqual(['ok', 0]);
  killAll(world, undefined);
  expect([retry(world, id, 'first'), alive(world)]).toEqual(['ok', 0]);
  expect([retry(world, id, 'second'), alive(world)]).toEqual(['ok', 1]);
  settle(world);
  for (const known of ['first', 'second']) expect([retry(world, id, known), alive(world)]).toEqual(['ok', 0]);
  expect([retry(world, id), alive(world)]).toEqual(['ok', 1]);
  settle(world);
  expect([retry(world, id, 'second'), alive(world)]).toEqual(['ok', 0]);
});

test('of the requests that retried it a task remembers the newest, so many', () => {
  const world = worldOf();
  const id = failed(world);
  for (let request = 0; request <= limits.retriesRemembered; request++) {
    expect(retry(world, id, `${request}`)).toBe('ok');
    settle(world);
  }
  only(world).core.transact(0, (tx) =>
    expect(tx.get(doneTable, taskKey(id))?.retries).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']),
  );
});

test('what is no request id is refused', () => {
  const world = worldOf();
  const id = failed(world);
  for (const wrong of ['', 'x'.repeat(limits.idempotencyKeyBytesMax + 1)])
    expect([retry(world, id, wrong), alive(world)]).toEqual(['OPTION_INVALID', 0]);
});
