import { describe, expect, test } from 'vitest';
import { defaultPolicy, encodePolicy } from '../app/policy.ts';
import { limits } from '../limits.ts';
import type { TaskDetail } from '../protocol/task-detail.ts';
import { decodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { attemptTable, heatTable } from './history-tables.ts';
import { fromClient } from './messages.ts';
import type { Program } from './program.fixture.ts';
import { removeExpired } from './retention.ts';
import { rowKey, type StepRow, stepKind, stepTable } from './tables.ts';
import { type Part, World } from './world.fixture.ts';

const policy = (attempts: number): string =>
  encodePolicy({ ...defaultPolicy, attempts, backoffFirstMs: 100, backoffFactor: 1 });
const worldOf = (): World => new World({ partitions: 1, executors: 1, seed: 'detail' });
const only = (world: World): Part => world.parts[0] as Part;

const detail = (world: World, id: string, fromStep = 0): TaskDetail => {
  const request = world.ask(only(world), fromClient.detail, id, fromStep);
  world.run(world.now);
  return decodeValue(world.reply(request)?.text ?? '') as TaskDetail;
};

const begun = (world: World, program: Program, more: Parameters<World['start']>[2] = {}): string => {
  const id = world.mint(0);
  world.start(id, program, more);
  world.run(world.now);
  return id;
};

const at = (world: World, afterMs: number): void => {
  world.run(world.now + afterMs);
};

describe('a task in detail', () => {
  test('tells input, result and the one attempt of a task that went well', () => {
    const world = worldOf();
    const time = world.now;
    const program: Program = { ops: [{ op: 'run', value: 7 }] };
    const id = begun(world, program);
    const found = detail(world, id);
    expect(found).toMatchObject({
      status: { id, state: 'completed', steps: 1 },
      input: { value: program },
      result: { value: [7] },
      children: 0,
      attempts: [{ n: 1, startedAt: new Date(time), endedAt: new Date(time), error: undefined }],
      steps: [{ index: 0, kind: 'run', state: 'completed', begunAt: new Date(time), endedAt: new Date(time) }],
      waitsFor: [],
    });
    expect(found.parentStep).toBeUndefined();
    expect(detail(world, world.mint(0))).toBeUndefined();
  });

  test('tells of steps when they began and ended, of children which they are, and what is waited for', () => {
    const world = worldOf();
    const time = world.now;
    const child: Program = { ops: [{ op: 'sleep', ms: 500 }] };
    const program: Program = {
      ops: [
        { op: 'sleep', ms: 200 },
        { op: 'start', child },
        {
          op: 'all',
          ops: [
            { op: 'join', at: 1 },
            { op: 'call', child },
            { op: 'sleep', ms: 900 },
          ],
        },
      ],
    };
    const id = begun(world, program);
    expect(detail(world, id).waitsFor).toEqual([{ for: 'sleep', step: 0, until: new Date(time + 200) }]);
    at(world, 300);
    const { steps, waitsFor, attempts, children } = detail(world, id);
    const [, started, joined, called] = steps;
    expect(children).toBe(2);
    expect(started?.child).toBe(joined?.child);
    expect(steps).toMatchObject([
      { kind: 'sleep', state: 'completed', begunAt: new Date(time), endedAt: new Date(time + 200) },
      { kind: 'start', state: 'completed', begunAt: new Date(time + 200) },
      { kind: 'join', state: 'pending', begunAt: new Date(time + 200) },
      { kind: 'call', state: 'pending', begunAt: new Date(time + 200) },
      { kind: 'sleep', state: 'pending', dueAt: new Date(time + 1_100) },
    ]);
    expect(waitsFor).toEqual([
      { for: 'task', step: 2, id: joined?.child },
      { for: 'task', step: 3, id: called?.child },
      { for: 'sleep', step: 4, until: new Date(time + 1_100) },
    ]);
    expect(attempts).toMatchObject([{ n: 1, startedAt: new Date(time), endedAt: undefined }]);
    expect(detail(world, called?.child as string)).toMatchObject({ status: { parent: id }, parentStep: 3 });
    at(world, 900);
    expect(detail(world, id)).toMatchObject({
      status: { state: 'completed' },
      steps: [{}, {}, { endedAt: new Date(time + 700) }, { endedAt: new Date(time + 700) }, {}],
      waitsFor: [],
    });
  });

  test('tells when and why attempts failed, until when the next one is waited for, and that of the last one', () => {
    const world = worldOf();
    const time = world.now;
    const id = begun(world, { ops: [], end: { flaky: 2 } }, { policy: policy(5) });
    const first = detail(world, id);
    expect(first.attempts).toMatchObject([{ n: 1, startedAt: new Date(time), endedAt: new Date(time) }]);
    expect(first.attempts[0]?.error?.message).toBe('as planned');
    const [wait] = first.waitsFor;
    expect(wait).toMatchObject({ for: 'time', retry: true });
    const second = wait?.for === 'time' ? wait.until.getTime() : 0;
    expect(second).toBeGreaterThan(time);
    at(world, 10_000);
    const { attempts } = detail(world, id);
    expect(attempts.map(({ n, error }) => [n, error?.message])).toEqual([
      [1, 'as planned'],
      [2, 'as planned'],
      [3, undefined],
    ]);
    expect(attempts[1]?.startedAt).toEqual(new Date(second));
    expect(attempts[2]?.startedAt?.getTime()).toBeGreaterThan(second);
    expect(attempts[2]?.endedAt).toEqual(attempts[2]?.startedAt);
  });

  test('goes on counting attempts when a failed task is run again, and tells the error of each', () => {
    const world = worldOf();
    const id = begun(world, { ops: [], end: 'fail' }, { policy: policy(2) });
    at(world, 1_000);
    world.ask(only(world), fromClient.retry, id, 'again');
    at(world, 1_000);
    const { attempts, status } = detail(world, id);
    expect(status.state).toBe('failed');
    expect(attempts.map(({ n, error }) => [n, error?.message])).toEqual([1, 2, 3, 4].map((n) => [n, 'as planned']));
  });

  test('tells of an attempt whose thread ended, and of the one that a parked task goes on with', () => {
    const world = worldOf();
    const time = world.now;
    const id = world.mint(0);
    world.start(id, { ops: [{ op: 'run', value: 1 }, { op: 'work' }] });
    const settle = (): void => {
      for (let events = world.possible(false); events.length > 0; events = world.possible(false)) events[0]?.();
    };
    settle();
    world.now += 50;
    world.crashExecutor(world.executors[0] as never, 'it ran out of memory');
    settle();
    const found = detail(world, id);
    expect(found.attempts[0]).toMatchObject({ n: 1, startedAt: new Date(time), endedAt: new Date(time + 50) });
    expect(found.attempts[0]?.error?.message).toContain('it ran out of memory');
    expect(found.attempts[1]).toMatchObject({ n: 2, startedAt: new Date(time + 50) });
  });

  test('remembers a bounded number of attempts, the last ones', () => {
    const world = worldOf();
    const count = limits.attemptsShownMax + 5;
    const id = begun(world, { ops: [], end: 'fail' }, { policy: policy(count) });
    at(world, 100_000);
    const { attempts } = detail(world, id);
    expect(attempts.map(({ n }) => n)).toEqual(
      Array.from({ length: limits.attemptsShownMax }, (_, index) => index + 1 + count - limits.attemptsShownMax),
    );
    expect(attempts.every(({ error }) => error?.message === 'as planned')).toBe(true);
  });

  test('tells a map in numbers, part by part, and all of it goes with the task', () => {
    const world = new World({ partitions: 1, executors: 2, seed: 'map', retentionMs: 1_000 });
    const items = Array.from({ length: 250 }, (): Program => ({ ops: [{ op: 'run', value: 1 }] }));
    const id = begun(world, { ops: [{ op: 'map', items, collect: true }], end: { flaky: 1 } }, { policy: policy(3) });
    const { steps } = detail(world, id);
    expect(steps[0]).toMatchObject({
      kind: 'map',
      state: 'completed',
      map: { task: 'task', count: 250, done: 250, running: 0 },
    });
    expect(steps[0]?.result).toBeUndefined();
    const heat = steps[0]?.map?.heat ?? [];
    expect(heat.length).toBe(limits.mapHeatCells);
    expect(heat.map(([done]) => done)).toEqual(heat.map((_, cell) => (cell % 2 === 0 ? 2 : 3)));
    at(world, 500);
    const rows = (): number => {
      let count = 0;
      world.transact(only(world), (tx) => {
        for (const table of [attemptTable, heatTable]) count += [...tx.scan<unknown>(table)].length;
      });
      return count;
    };
    expect(rows()).toBe(3);
    world.now += 2_000;
    world.transact(only(world), (tx) => removeExpired(only(world).tasks, tx, 10));
    expect(rows()).toBe(0);
  });

  test('gives steps page by page, and of long values how they begin', () => {
    const world = worldOf();
    const count = limits.stepsShownMax + 50;
    const ops = Array.from({ length: count }, (_, value) => ({ op: 'run' as const, value }));
    const id = begun(world, { ops });
    const first = detail(world, id);
    expect([first.steps.length, first.nextStep]).toEqual([limits.stepsShownMax, limits.stepsShownMax]);
    const rest = detail(world, id, first.nextStep);
    expect([rest.steps.length, rest.steps[0]?.index, rest.nextStep]).toEqual([50, limits.stepsShownMax, undefined]);
    for (const none of [-1, Number.NaN, 0.5]) expect(detail(world, id, none).steps[0]?.index).toBe(0);

    const key = taskKey(id);
    const put = (index: number, more: Partial<StepRow>): void =>
      world.transact(only(world), (tx) => {
        const row = tx.get(stepTable, rowKey(key, index)) as StepRow;
        tx.put(stepTable, rowKey(key, index), { ...row, ...more });
      });
    const long = JSON.stringify('x'.repeat(100_000));
    const deep = '['.repeat(limits.valueDepthMax) + ']'.repeat(limits.valueDepthMax);
    put(0, { stepKey: 'run:to send:0', text: long });
    put(1, { stepKey: 'map:billing.invoice:12', text: deep });
    put(2, { stepKey: 'join:start:billing.invoice:3:0', kind: stepKind.join });
    put(3, { stepKey: 'sleep:0', text: '"[{[{\\"[{"' });
    // As it was recorded before times were.
    put(4, { tookMs: undefined });
    const { steps } = detail(world, id);
    expect(steps[0]).toMatchObject({ name: 'to send', result: { chars: long.length, begin: long.slice(0, 1_000) } });
    expect(steps[1]).toMatchObject({ name: 'billing.invoice', result: { chars: deep.length } });
    expect(steps[2]?.name).toBe('billing.invoice');
    expect(steps[3]).toMatchObject({ name: 'sleep', result: { value: '[{[{"[{' } });
    expect(steps[4]?.begunAt).toBeUndefined();
  });
});
