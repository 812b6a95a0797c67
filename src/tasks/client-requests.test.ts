import { describe, expect, test } from 'vitest';
import type { LogLine, TaskPage, TaskStatus } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { takeExecutorMessage } from './machine.ts';
import { fromClient, fromExecutor } from './messages.ts';
import type { Program } from './program.fixture.ts';
import { inputTable, logTable, specTable, stateTable, stepTable } from './tables.ts';
import { inlineInputChars } from './task-rows.ts';
import { textBytesMax } from './text-size.ts';
import { type Part, World } from './world.fixture.ts';

const worldOf = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World =>
  new World({ partitions: 1, executors: 1, seed: 'requests', ...more });
const only = (world: World): Part => world.parts[0] as Part;
const codeOf = (world: World, request: number): unknown =>
  (decodeError(world.reply(request)?.text ?? '') as { code?: unknown }).code;

const ask = <T>(world: World, op: number, ...fields: readonly unknown[]): T => {
  const request = world.ask(only(world), op, ...fields);
  world.run(world.now);
  return decodeValue(world.reply(request)?.text ?? '') as T;
};

const begun = (world: World, program: Program): string => {
  const id = world.mint(0);
  world.start(id, program);
  world.run(world.now);
  return id;
};

const sleeping: Program = { ops: [{ op: 'run', value: 1 }, { op: 'log' }, { op: 'sleep', ms: 1_000 }] };

describe('answers pass the gate (P2)', () => {
  test('a start is answered when it is durable, its repeat too, and "not found" when it is certain', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    const accept = (): number =>
      world.ask(part, fromClient.start, id, 'task', '{"ops":[]}', undefined, undefined, 0, 0, 0);
    const [first, repeat] = [accept(), accept()];
    const status = world.ask(part, fromClient.status, id);
    const missing = world.ask(part, fromClient.wait, world.mint(0));
    expect([first, repeat, status, missing].map((request) => world.reply(request))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    world.land(part);
    expect(world.reply(first)).toEqual({ ok: true, text: JSON.stringify(id) });
    expect(world.reply(repeat)).toEqual({ ok: true, text: JSON.stringify(id) });
    expect(world.reply(status)?.ok).toBe(true);
    expect(codeOf(world, missing)).toBe('TASK_NOT_FOUND');
  });

  test('whoever was not answered before the leader died was told nothing, and the repeat starts the task', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    const lost = world.start(id, { ops: [] });
    world.crashLeader(part, 0);
    world.lead(part, []);
    part.core.transact(0, (tx) => expect(tx.get(specTable, taskKey(id))).toBeUndefined());
    const again = world.start(id, { ops: [] });
    world.run();
    expect([world.reply(lost), world.reply(again)]).toEqual([undefined, { ok: true, text: '[]' }]);
  });
});

describe('refusals', () => {
  test('of what is no id, no filter, no policy, or too large, with the reason and without a change', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    const requests = [
      world.ask(part, fromClient.wait, 'nonsense'),
      world.ask(part, fromClient.list, 0, '{"broken'),
      world.ask(part, fromClient.start, id, 'task', '1', 'no policy', undefined, 0, 0, 0),
      world.ask(part, fromClient.start, id, 'task', 'x'.repeat(textBytesMax + 1), undefined, undefined, 0, 0, 0),
      world.ask(part, fromClient.start, id, 'task', 'ü'.repeat(textBytesMax / 2 + 1), undefined, undefined, 0, 0, 0),
    ];
    world.run();
    expect(requests.map((request) => codeOf(world, request))).toEqual([
      'TASK_NOT_FOUND',
      'VALUE_MALFORMED',
      'VALUE_MALFORMED',
      'VALUE_TOO_LARGE',
      'VALUE_TOO_LARGE',
    ]);
    part.core.transact(0, (tx) => expect([...tx.scan(specTable)]).toEqual([]));
  });

  test('of results, errors, inputs of children and steps that no record can hold: the task fails with the reason', () => {
    const world = worldOf();
    const part = only(world);
    const id = begun(world, { ops: [{ op: 'sleep', ms: 1e9 }] });
    const waiting = world.ask(part, fromClient.wait, id);
    const live = part.tasks.live.get(taskKey(id));
    const value = 'x'.repeat(textBytesMax + 1);
    const report = (op: number, ...fields: readonly unknown[]): void =>
      world.transact(part, (tx) => takeExecutorMessage(part.tasks, tx, [op, 0, live?.epoch, live?.n, ...fields], 0));
    report(fromExecutor.stepRun, 'run', '', 1, value, 0);
    report(fromExecutor.stepCall, 'call', '', 'task', value, undefined, undefined);
    report(fromExecutor.log, 0, 'info', value);
    report(fromExecutor.done, value, 1);
    part.core.transact(0, (tx) => {
      const steps = [...tx.scan(stepTable)]
        .slice(1)
        .map(([, { state, text }]) => [state, text.includes('VALUE_TOO_LARGE')]);
      expect(steps).toEqual([
        [2, true],
        [2, true],
      ]);
      expect([...tx.scan(logTable)].map(([, { text }]) => text.slice(0, 60))).toEqual([
        '{"message":"A line was left out: A log line takes 5592406 by',
      ]);
    });
    world.run(world.now);
    expect(codeOf(world, waiting)).toBe('VALUE_TOO_LARGE');
    expect(Math.max(...part.records.map((bytes) => bytes.length))).toBeLessThan(10_000);
  });

  test('where too many tasks wait, with a hint when to come again; children are let in', () => {
    const world = worldOf();
    const part = only(world);
    (part.tasks.settings as { queuedTasksMax: number }).queuedTasksMax = 1;
    begun(world, {
      ops: [
        { op: 'sleep', ms: 10 },
        { op: 'call', child: { ops: [] } },
      ],
    });
    const refused = world.start(world.mint(0), { ops: [] });
    world.run(world.now);
    expect(codeOf(world, refused)).toBe('OVERLOADED');
    world.run();
    expect(part.tasks.alive).toBe(0);
  });
});

describe('what can be seen', () => {
  test('status, logs and lists of tasks in any state', () => {
    const world = worldOf();
    const waiting = begun(world, sleeping);
    const failed = begun(world, { ops: [], end: 'fatal' });
    world.now += 1;
    const done = begun(world, { ops: [{ op: 'call', child: { ops: [] } }] });
    expect(ask<TaskStatus>(world, fromClient.status, waiting)).toMatchObject({
      id: waiting,
      state: 'waiting',
      steps: 2,
      attempts: 1,
    });
    expect(ask<TaskStatus>(world, fromClient.status, failed)).toMatchObject({ state: 'failed', attempts: 1 });
    expect(ask<unknown>(world, fromClient.status, world.mint(0))).toBeUndefined();
    expect(ask<LogLine[]>(world, fromClient.logs, waiting, 0)).toMatchObject([
      { message: '1', level: 'info', attempt: 1 },
    ]);
    const list = (filter: object) => ask<TaskPage>(world, fromClient.list, 0, encodeValue(filter)).tasks;
    const all = list({});
    expect(all.length).toBe(4);
    expect(all.find(({ parent }) => parent === done)?.state).toBe('completed');
    expect(list({ state: 'waiting' }).map(({ id }) => id)).toEqual([waiting]);
    expect(list({ limit: 1 }).length).toBe(1);
    expect(list({ name: 'other' })).toEqual([]);
  });
});

describe('cancel and retry', () => {
  test('a cancelled task ends now, its children too, however deep; again is no error, of a finished one it is', () => {
    const world = worldOf({ partitions: 2 });
    const deep = (levels: number): Program => ({
      ops: [levels === 0 ? { op: 'sleep', ms: 1e9 } : { op: 'call', child: deep(levels - 1) }],
    });
    const id = world.mint(0);
    const request = world.start(id, deep(30));
    world.run(world.now);
    const part = only(world);
    expect(world.ask(part, fromClient.cancel, id)).toBeGreaterThan(0);
    world.run(world.now);
    expect(codeOf(world, request)).toBe('TASK_CANCELLED');
    for (const each of world.parts) expect(each.tasks.alive).toBe(0);
    const again = world.ask(part, fromClient.cancel, id);
    world.run(world.now);
    expect(world.reply(again)?.ok).toBe(true);
    const done = world.mint(0);
    world.start(done, { ops: [] });
    world.run(world.now);
    const late = world.ask(part, fromClient.cancel, done);
    world.run(world.now);
    expect(codeOf(world, late)).toBe('TASK_STATE');
  });

  test('retry keeps what was recorded before the first failure and does the rest again, failed children too', () => {
    const world = worldOf();
    const part = only(world);
    const child: Program = { ops: [{ op: 'run', value: 5 }], end: 'fatal' };
    const id = begun(world, {
      ops: [
        { op: 'run', value: 1 },
        { op: 'start', child },
        { op: 'join', at: 1 },
        { op: 'run', value: 2 },
      ],
      end: 'fatal',
    });
    world.run();
    const first = world.stepResults.get(`${id} 0`);
    const oldChild = world.stepResults.get(`${id} 1`);
    for (const key of [...world.stepResults.keys()]) if (!key.endsWith(' 0')) world.stepResults.delete(key);
    const retry = world.ask(part, fromClient.retry, id);
    world.run();
    expect(world.reply(retry)?.ok).toBe(true);
    expect(world.stepResults.get(`${id} 0`)).toBe(first);
    expect(world.stepResults.get(`${id} 1`)).not.toBe(oldChild);
    expect(part.tasks.alive).toBe(0);
    const completed = begun(world, { ops: [] });
    expect(codeOf(world, world.ask(part, fromClient.retry, completed))).toBe('TASK_STATE');
    expect(codeOf(world, world.ask(part, fromClient.retry, world.mint(0)))).toBe('TASK_NOT_FOUND');
  });

  test('a task that is cancelled with a child it only started does not wait for that one for ever when it is retried', () => {
    const world = worldOf();
    const part = only(world);
    const id = begun(world, {
      ops: [
        { op: 'start', child: { ops: [{ op: 'sleep', ms: 50 }] } },
        { op: 'join', at: 0 },
      ],
    });
    world.ask(part, fromClient.cancel, id);
    world.run(world.now);
    world.stepResults.clear();
    world.ask(part, fromClient.retry, id);
    const wait = world.ask(part, fromClient.wait, id);
    world.run();
    expect(world.reply(wait)).toEqual({ ok: true, text: '[0,[0]]' });
  });

  test('a long input is kept in a row of its own: for retries, for whoever asks with its key, and as long as the task', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mintForKey('task', 'k');
    const program = { ops: [{ op: 'run', value: 7 }], end: 'fatal', long: 'x'.repeat(inlineInputChars) };
    world.start(id, program, { key: 'k' });
    world.run();
    const { stepResults } = world;
    expect(stepResults.has(`${id} 0`)).toBe(true);
    const other = world.start(world.mintForKey('task', 'k'), { ...program, end: 'throw' }, { key: 'k' });
    const same = world.start(world.mintForKey('task', 'k'), program, { key: 'k' });
    world.run(world.now);
    expect(codeOf(world, other)).toBe('KEY_CONFLICT');
    expect(codeOf(world, same)).not.toBe('KEY_CONFLICT');
    world.ask(part, fromClient.retry, id);
    const executor = world.executors[0];
    while (part.appends.length > 0) world.land(part);
    world.grant(part, executor as never);
    while (part.appends.length > 0) world.land(part);
    expect(executor?.inbox[0]?.flat.includes(JSON.stringify(program))).toBe(true);
    world.run();
    part.core.transact(0, (tx) => expect([...tx.scan(inputTable)].map(([key]) => key)).toEqual([taskKey(id)]));
  });

  test('a task that is cancelled and retried before that is durable is not granted before', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    world.start(id, { ops: [{ op: 'work' }] });
    while (part.appends.length > 0) world.land(part);
    world.ask(part, fromClient.cancel, id);
    world.ask(part, fromClient.retry, id);
    world.grant(part, world.executors[0] as never);
    expect(world.executors[0]?.inbox).toEqual([]);
    part.core.transact(0, (tx) => expect(tx.get(stateTable, taskKey(id))).toBeDefined());
    world.run();
    expect(part.tasks.alive).toBe(0);
  });
});
