import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import type { LogLine, TaskEvent } from '../protocol/task-view.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { takeClientMessage } from './client-requests.ts';
import { takeExecutorMessage } from './machine.ts';
import { fromClient, fromExecutor } from './messages.ts';
import { begin, killAll, landAll, only, started, worldOf } from './one-partition.fixture.ts';
import type { Program } from './program.fixture.ts';
import { forgetClient } from './waiters.ts';
import type { World } from './world.fixture.ts';

const nothing = '{"$undefined":true}';
const program: Program = {
  ops: [{ op: 'log' }, { op: 'run', value: 1 }, { op: 'sleep', ms: 1_000 }, { op: 'log' }],
};

const follow = (world: World, id: string, fromLog = 0): number => {
  const request = world.ask(world.partOf(id), fromClient.follow, id, fromLog);
  landAll(only(world), world);
  return request;
};
/** What a client sends, with a request number of its choice. */
const from = (world: World, client: number, ...flat: readonly unknown[]): void =>
  world.transact(only(world), (tx) => takeClientMessage(only(world).tasks, tx, client, [...flat], 0));
const told = (world: World, request: number): TaskEvent[] =>
  world.events.filter(([to]) => to === request).map(([, event]) => event);
/** In short: lines by their index, states by their name, the end by its value. */
const outline = (world: World, request: number): unknown[] =>
  told(world, request).map((event) => {
    if (event.type === 'state') return `${event.state} ${event.attempts} ${event.steps}`;
    if (event.type === 'log') return event.index;
    if (event.type === 'finished') return event.ok ? event.value : event.error.message;
    return event.type;
  });
const codeOf = (world: World, request: number): unknown =>
  (decodeError(world.reply(request)?.text ?? '') as { code?: unknown }).code;

/** Lets a running task log lines `from` to `to`. */
const writeLines = (world: World, id: string, from: number, to: number, text = 'x'): void => {
  const part = only(world);
  const live = part.tasks.live.get(taskKey(id));
  for (let index = from; index < to; index++)
    world.transact(part, (tx) => {
      const line = encodeValue({ message: `${index}${text}` });
      takeExecutorMessage(part.tasks, tx, [fromExecutor.log, 0, live?.epoch, live?.n, index, 'info', line], 0);
    });
  landAll(part, world);
};

describe('a follow begins with what is, goes on with what comes, and ends with the task', () => {
  test('whether it begins before the task runs, while it waits, or after its end: every line once and in order', () => {
    const world = worldOf();
    const id = started(world, program);
    const before = follow(world, id);
    expect(outline(world, before)).toEqual(['queued 0 0']);
    world.run(world.now);
    const during = follow(world, id);
    world.run();
    const after = follow(world, id);
    const end = ['completed 1 2', [0, 1, 0, 0]];
    expect(outline(world, before)).toEqual([
      'queued 0 0',
      'running 1 0',
      0,
      'running 1 1',
      'waiting 1 2',
      'running 1 2',
      1,
      ...end,
    ]);
    expect(outline(world, during)).toEqual(['waiting 1 2', 0, 'running 1 2', 1, ...end]);
    expect(outline(world, after)).toEqual(['completed 1 2', 0, 1, [0, 1, 0, 0]]);
    for (const request of [before, during, after])
      expect(world.replies.get(request)).toEqual([{ ok: true, text: nothing }]);
    expect([only(world).tasks.followed.size, only(world).tasks.changed.size]).toEqual([0, 0]);
  });

  test('a line is told as it is recorded: when, by which attempt, and what it holds', () => {
    const world = worldOf();
    const id = started(world, program);
    const request = follow(world, id);
    world.run();
    const lines = told(world, request).filter((event) => event.type === 'log');
    const logs = world.ask(only(world), fromClient.logs, id, 0);
    landAll(only(world), world);
    const recorded = decodeValue(world.reply(logs)?.text ?? '') as LogLine[];
    expect(recorded).toMatchObject([
      { level: 'info', message: '0', attempt: 1 },
      { level: 'info', message: '3', attempt: 1 },
    ]);
    expect((recorded[1]?.time.getTime() ?? 0) - (recorded[0]?.time.getTime() ?? 0)).toBe(1_000);
    expect(lines).toEqual(recorded.map((line, index) => ({ type: 'log', index, ...line })));
  });

  test('from a line on: those before are not told, and one that does not exist yet is waited for', () => {
    const world = worldOf();
    const id = started(world);
    begin(world);
    writeLines(world, id, 0, 3);
    const [all, later, last] = [follow(world, id, 0), follow(world, id, 2), follow(world, id, 4)];
    const logs = world.ask(only(world), fromClient.logs, id, 2);
    writeLines(world, id, 3, 6);
    const lines = (request: number) => outline(world, request).filter((entry) => typeof entry === 'number');
    expect([lines(all), lines(later), lines(last)]).toEqual([
      [0, 1, 2, 3, 4, 5],
      [2, 3, 4, 5],
      [4, 5],
    ]);
    expect(decodeValue(world.reply(logs)?.text ?? '')).toMatchObject([{ message: '2x' }]);
    for (const wild of [-1, Number.NaN, 0.5, Number.POSITIVE_INFINITY, '2'])
      expect(world.reply(world.ask(only(world), fromClient.follow, id, wild))).toBeUndefined();
  });

  test('more lines than one answer may hold are told in pages, each asked for', () => {
    const world = worldOf();
    const id = started(world);
    begin(world);
    writeLines(world, id, 0, limits.logPageLines + 1);
    const request = follow(world, id);
    expect(outline(world, request).at(-1)).toBe(limits.logPageLines - 1);
    expect(world.reply(request)).toEqual({ ok: true, text: `${limits.logPageLines}` });
    expect(only(world).tasks.followed.size).toBe(0);
    expect(outline(world, follow(world, id, limits.logPageLines))).toEqual(['running 1 0', limits.logPageLines]);
    writeLines(world, id, limits.logPageLines + 1, limits.logPageLines + 3, 'x'.repeat(limits.logPageChars));
    const large = follow(world, id, limits.logPageLines + 1);
    expect(world.reply(large)).toEqual({ ok: true, text: `${limits.logPageLines + 2}` });
  });

  test('what is not durable is not told', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    world.start(id, program);
    const request = world.ask(part, fromClient.follow, id, 0);
    expect(told(world, request)).toEqual([]);
    landAll(part, world);
    expect(outline(world, request)).toEqual(['queued 0 0']);
  });

  test('of a task that is not here, of a chunk, and of what is no id: refused', () => {
    const world = worldOf();
    const requests = [follow(world, world.mint(0))];
    const map = started(world, { ops: [{ op: 'map', items: [{ ops: [{ op: 'sleep', ms: 1e9 }] }], collect: false }] });
    world.run(world.now);
    const chunk = [...only(world).tasks.live.values()].find(({ spec }) => spec.kind === 1)?.id ?? '';
    requests.push(follow(world, chunk), world.ask(only(world), fromClient.follow, 'nonsense', 0));
    expect(outline(world, follow(world, map))).toEqual(['waiting 1 1', 'progress']);
    landAll(only(world), world);
    expect(requests.map((request) => codeOf(world, request))).toEqual([
      'TASK_NOT_FOUND',
      'TASK_NOT_FOUND',
      'TASK_NOT_FOUND',
    ]);
    expect(world.events.filter(([to]) => requests.includes(to))).toEqual([]);
  });
});

describe('what changes is told', () => {
  test('attempts that fail, crashes, and the error in the end', () => {
    const world = worldOf();
    const id = started(world, { ops: [], end: 'fail' });
    const request = follow(world, id);
    world.run();
    expect(outline(world, request).slice(0, 4)).toEqual(['queued 0 0', 'running 1 0', 'scheduled 1 0', 'queued 1 0']);
    expect(outline(world, request).slice(-3)).toEqual(['running 5 0', 'failed 5 0', expect.any(String)]);
    const lost = started(world);
    begin(world);
    const losing = follow(world, lost);
    world.crashExecutor(world.executors[0] as never);
    begin(world);
    expect(outline(world, losing)).toEqual(['running 1 0', 'queued 0 0', 'running 1 0']);
    const cancelled = world.ask(only(world), fromClient.cancel, lost);
    landAll(only(world), world);
    expect(world.reply(cancelled)?.ok).toBe(true);
    expect(told(world, losing).slice(-2)).toMatchObject([
      { state: 'cancelled' },
      { ok: false, error: { code: 'TASK_CANCELLED' } },
    ]);
  });

  test('a task that is parked and comes back is in the same attempt', () => {
    const world = worldOf();
    const id = started(world, { ops: [{ op: 'sleep', ms: 10 }] });
    begin(world);
    const request = follow(world, id);
    for (const attempt of world.executors[0]?.attempts.values() ?? []) attempt.park();
    world.run();
    expect(outline(world, request)).toEqual(['waiting 1 1', 'queued 1 1', 'running 1 1', 'completed 1 1', [0]]);
  });

  test('a new leader knows nobody: who follows on from what it has seen misses nothing and hears nothing twice', () => {
    const world = worldOf();
    const id = started(world);
    begin(world);
    writeLines(world, id, 0, 2);
    const first = follow(world, id);
    killAll(world, undefined);
    expect(only(world).tasks.followed.size).toBe(0);
    begin(world);
    const second = follow(world, id, 2);
    writeLines(world, id, 2, 4);
    expect([outline(world, first), outline(world, second)]).toEqual([
      ['running 1 0', 0, 1],
      ['running 1 0', 2, 3],
    ]);
  });
});

describe('giving up', () => {
  const kept = (world: World): number[] => [only(world).tasks.waiters.size, only(world).tasks.followed.size];

  test('of one wait, start or follow leaves the others, and nothing of itself', () => {
    const world = worldOf();
    const part = only(world);
    const id = world.mint(0);
    const [start, wait] = [world.start(id, program), world.ask(part, fromClient.wait, id)];
    const [one, other] = [follow(world, id), follow(world, id)];
    const giveUp = (request: number): void => from(world, 1, fromClient.giveUp, request, id, undefined, undefined);
    giveUp(start);
    giveUp(one);
    expect(kept(world)).toEqual([1, 1]);
    world.run();
    expect([world.reply(start), world.reply(wait)?.text]).toEqual([undefined, '[0,1,0,0]']);
    expect([outline(world, one).length, outline(world, other).length]).toEqual([1, 9]);
  });

  test('of a start with a key: it waited for the task that has the key', () => {
    const world = worldOf();
    const part = only(world);
    const [holder, id] = [world.mintForKey('task', 'k'), world.mintForKey('task', 'k')];
    world.start(holder, program, { key: 'k' });
    const start = world.start(id, program, { key: 'k' });
    landAll(part, world);
    expect(part.tasks.waiters.get(taskKey(holder))?.length).toBe(2);
    from(world, 1, fromClient.giveUp, start, id, 'task', 'k');
    expect(part.tasks.waiters.get(taskKey(holder))?.length).toBe(1);
  });

  test('a client that is gone is forgotten, the others are not', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    follow(world, id);
    from(world, 2, fromClient.follow, 77, id, 0);
    expect(kept(world)).toEqual([1, 1]);
    forgetClient(part.tasks, 1);
    expect([kept(world), part.tasks.followed.get(taskKey(id))?.followers]).toEqual([
      [0, 1],
      [{ client: 2, request: 77, fromLog: 0 }],
    ]);
    forgetClient(part.tasks, 2);
    expect(kept(world)).toEqual([0, 0]);
  });
});
