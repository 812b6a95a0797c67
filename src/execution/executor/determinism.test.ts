import * as nodeCrypto from 'node:crypto';
import { randomBytes, randomFillSync, randomInt, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { task } from '../../app/task.ts';
import { installDeterminism } from './determinism.ts';
import { ScriptedLeader } from './scripted-leader.fixture.ts';

beforeAll(() => installDeterminism());

const draws = async (): Promise<unknown[]> => [
  Math.random(),
  crypto.randomUUID(),
  crypto.getRandomValues(new Uint8Array(4)),
  randomUUID(),
  randomBytes(3).toString('hex'),
  randomInt(1_000_000),
  randomInt(5, 5_000_000),
  randomFillSync(new Uint8Array(5), 2),
  nodeCrypto.getRandomValues(new Uint16Array(2)),
  await promisify(
    nodeCrypto.randomInt as (max: number, callback: (error: Error | null, value: number) => void) => void,
  )(1_000_000),
  await promisify(
    nodeCrypto.randomFill as (view: Uint8Array, callback: (error: Error | null, value: Uint8Array) => void) => void,
  )(new Uint8Array(6)),
];

test('chance inside a task is the same for the same task, other for another, and real elsewhere', async () => {
  const leader = new ScriptedLeader({ draws: task(draws) });
  const run = async (id: string): Promise<unknown> => {
    const n = leader.grant('draws', undefined, { id });
    await leader.settle();
    return leader.done(n);
  };
  const once = (await run('one')) as unknown[];
  expect(await run('one')).toEqual(once);
  const other = (await run('two')) as unknown[];
  for (const [at, value] of once.entries()) expect(other[at], `draw ${at}`).not.toEqual(value);
  const outside = await draws();
  const again = await draws();
  for (const [at, value] of outside.entries()) expect(again[at], `draw ${at}`).not.toEqual(value);
  expect(once[1]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect((once[7] as Uint8Array).slice(0, 2)).toEqual(new Uint8Array(2));
});

test('chance of an item does not depend on where its chunk begins', async () => {
  const leader = new ScriptedLeader({ draws: task(() => Math.random()) });
  const a = leader.grantChunk('draws', 0, [0, 1, 2, 3], { id: 'chunk' });
  const b = leader.grantChunk('draws', 2, [2, 3], { id: 'chunk' });
  await leader.settle();
  const [all, part] = [a, b].map((n) => JSON.parse(leader.of('done', n)[0]?.fields[0] as string) as number[]);
  expect(all?.slice(2)).toEqual(part);
  expect(new Set(all).size).toBe(4);
});

test('time inside a task stands at the last event told to it; in the function of a step it is real', async () => {
  const leader = new ScriptedLeader({
    times: task(async (ctx) => {
      const start = [Date.now(), new Date().toISOString(), Date()];
      const real = await ctx.run('a', () => Date.now());
      const after = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 3));
      const still = Date.now();
      await ctx.sleep(1);
      return [start, real, after, still, Date.now()];
    }),
  });
  const first = leader.grant('times', undefined, { time: 1_000 });
  await leader.until(() => leader.steps(first).includes('sleep:0'));
  leader.cancel(first);
  const second = leader.grant('times', undefined, { time: 1_000, journalOf: first });
  leader.result(second, 'sleep:0', undefined);
  await leader.until(() => leader.done(second) !== undefined);
  const [start, real, after, still, end] = leader.done(second) as [unknown[], number, number, number, number];
  expect(start).toEqual([1_000, '1970-01-01T00:00:01.000Z', new Date(1_000).toString()]);
  expect(real).toBeGreaterThan(1_700_000_000_000);
  expect([after, still, end]).toEqual([5_000, 5_000, 5_001]);
});

test('Date stays one class: instances, subclasses, statics and clones', () => {
  class Day extends Date {
    get half(): string {
      return this.getHours() < 12 ? 'am' : 'pm';
    }
  }
  const day = new Day(2020, 1, 2, 3);
  expect(day).toBeInstanceOf(Day);
  expect(day).toBeInstanceOf(Date);
  expect(day.half).toBe('am');
  expect(structuredClone(new Date(5))).toBeInstanceOf(Date);
  expect(new Date(5).constructor).toBe(Date);
  expect(Date.parse('1970-01-01T00:00:01Z')).toBe(1_000);
  expect(Date.UTC(1970, 0)).toBe(0);
  expect(Math.abs(Date.parse(new Date().toISOString()) - (performance.timeOrigin + performance.now()))).toBeLessThan(
    5_000,
  );
});
