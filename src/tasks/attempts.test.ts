import { describe, expect, test } from 'vitest';
import { taskKey } from '../values/task-id.ts';
import { takeExecutorMessage, takeReportAgain } from './machine.ts';
import { type Flat, fromExecutor, toExecutor } from './messages.ts';
import { begin, killAll, landAll, only, started, stateOf, work, worldOf } from './one-partition.fixture.ts';
import type { World } from './world.fixture.ts';

describe('attempts (T1)', () => {
  test('a report of another leader with the same n changes nothing', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    begin(world);
    const before = stateOf(world, id);
    world.crashLeader(part, 0);
    world.lead(part, []);
    begin(world);
    const now = stateOf(world, id);
    expect(now?.epoch).toBeGreaterThan(before?.epoch ?? 0);
    const report: Flat = [fromExecutor.done, 0, before?.epoch, now?.n, '"old"', 1];
    world.transact(part, (tx) => takeExecutorMessage(part.tasks, tx, report, 0));
    expect(stateOf(world, id)).toEqual(now);
    world.run();
    const wait = world.ask(part, 2, id);
    expect(world.reply(wait)).toEqual({ ok: true, text: '[0]' });
  });

  test('what runs well is adopted under its own name, not granted again (T2), and its reports count', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    begin(world);
    const before = stateOf(world, id);
    const [kept] = world.crashLeader(part, 0);
    world.lead(part, [{ epoch: before?.epoch ?? 0, n: before?.n ?? 0, executor: 0 }]);
    expect(part.tasks.queue.length).toBe(0);
    expect(stateOf(world, id)).toEqual(before);
    const wait = world.ask(part, 2, id);
    kept?.finishWork();
    world.run();
    expect(world.reply(wait)).toEqual({ ok: true, text: '[0]' });
  });

  test('a new attempt never gets the number of an adopted one', () => {
    const world = worldOf();
    const part = only(world);
    const ids = [started(world), started(world), started(world)];
    begin(world);
    const running = ids.map((id) => {
      const { epoch = 0, n = 0 } = stateOf(world, id) ?? {};
      return { epoch, n, executor: 0 };
    });
    world.crashLeader(part, 0);
    // Only the first one is still run by somebody.
    world.lead(part, running.slice(0, 1));
    begin(world);
    const numbers = ids.map((id) => stateOf(world, id)?.n);
    expect(new Set(numbers).size).toBe(3);
    expect(part.tasks.byAttempt.size).toBe(3);
    for (const id of ids) expect(part.tasks.live.get(taskKey(id))?.n).toBe(stateOf(world, id)?.n);
  });

  test('an attempt that is run and was not noted last is told to stop', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    begin(world);
    const { epoch = 0, n = 0 } = stateOf(world, id) ?? {};
    world.crashLeader(part, 0);
    world.lead(part, [{ epoch, n: n + 5, executor: 0 }]);
    landAll(part, world);
    const told = world.executors[0]?.inbox.map(({ flat }) => flat.slice(0, 4));
    expect(told).toEqual([[toExecutor.cancel, 0, epoch, n + 5]]);
    expect(part.tasks.queue.length).toBe(1);
  });

  test('an adopted attempt that parks comes back, though results may have got lost with the leader', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    begin(world);
    const { epoch = 0, n = 0 } = stateOf(world, id) ?? {};
    world.crashLeader(part, 0);
    world.lead(part, [{ epoch, n, executor: 0 }]);
    for (const flat of [
      [fromExecutor.stepSleep, 0, epoch, n, 's', '', 1_000],
      [fromExecutor.park, 0, epoch, n, 7],
    ])
      world.transact(part, (tx) => takeExecutorMessage(part.tasks, tx, flat, 0));
    expect(part.tasks.queue.length).toBe(1);
  });
});

describe('a report that is told again', () => {
  const reported = (text: string) => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    begin(world);
    const { epoch = 0, n = 0 } = stateOf(world, id) ?? {};
    const report: Flat = [fromExecutor.stepRun, 0, epoch, n, 'step', '', 1, text, 0];
    return { world, part, report, live: part.tasks.live.get(taskKey(id)) };
  };

  test('of a step that is recorded is answered with what is recorded, and recorded once', () => {
    const { world, part, report, live } = reported('1');
    world.transact(part, (tx) => takeReportAgain(part.tasks, tx, report, 0));
    landAll(part, world);
    const first = world.executors[0]?.inbox.splice(0).map(({ flat }) => flat);
    world.now += 1_000;
    world.transact(part, (tx) => takeReportAgain(part.tasks, tx, report.with(7, '2'), 0));
    landAll(part, world);
    expect(live?.steps).toBe(1);
    expect(first?.map((flat) => flat.slice(0, 7))).toEqual([
      [toExecutor.stepResult, 0, report[2], report[3], 'step', 1, '1'],
    ]);
    expect(world.executors[0]?.inbox.map(({ flat }) => flat)).toEqual(first);
  });

  test('of an attempt that has ended changes nothing', () => {
    const { world, part, report } = reported('1');
    const done: Flat = [fromExecutor.done, 0, report[2], report[3], '[0]', 1];
    world.transact(part, (tx) => takeReportAgain(part.tasks, tx, done, 0));
    world.transact(part, (tx) => takeReportAgain(part.tasks, tx, report, 0));
    landAll(part, world);
    expect([part.tasks.alive, part.tasks.queue.length, world.executors[0]?.inbox]).toEqual([0, 0, []]);
  });
});

describe('grants pass the gate (P2)', () => {
  const grantsOf = (world: World): number =>
    world.executors.flatMap(({ inbox }) => inbox).filter(({ flat }) => flat[0] === toExecutor.grant).length;

  test('nothing is granted before its submission is durable; then at once, before the grant is', () => {
    const world = worldOf();
    const part = only(world);
    started(world);
    begin(world);
    const second = world.mint(0);
    world.start(second, work);
    const executor = world.executors[0] as (typeof world.executors)[0];
    expect(world.grant(part, executor, 9)).toBe(0);
    landAll(part, world);
    expect(world.grant(part, executor, 9)).toBe(1);
    expect(part.appends.length).toBe(1);
    expect(grantsOf(world)).toBe(1);
  });

  test('a grant that carries results waits until they are durable', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world, {
      ops: [
        {
          op: 'all',
          ops: [
            { op: 'sleep', ms: 10 },
            { op: 'sleep', ms: 20 },
          ],
        },
      ],
    });
    begin(world);
    const [attempt] = [...(world.executors[0]?.attempts.values() ?? [])];
    attempt?.park();
    world.receiveReport(world.executors[0] as never);
    landAll(part, world);
    world.now += 10;
    world.fire(part);
    landAll(part, world);
    // The second sleep ends in a record that is not durable yet; the task is ready because of the first.
    world.now += 10;
    world.fire(part);
    expect(world.grant(part, world.executors[0] as never)).toBe(1);
    expect(grantsOf(world)).toBe(0);
    landAll(part, world);
    expect(grantsOf(world)).toBe(1);
    world.run();
    expect(stateOf(world, id)).toBeUndefined();
  });

  test('the time before the first step is the same in every attempt', () => {
    const world = worldOf();
    const part = only(world);
    started(world);
    begin(world);
    const first = [...(world.executors[0]?.attempts.values() ?? [])][0]?.startedAt;
    world.now += 5_000;
    killAll(world, 'it was killed');
    begin(world);
    expect([...(world.executors[0]?.attempts.values() ?? [])][0]?.startedAt).toBe(first);
    expect(part.tasks.alive).toBe(1);
  });
});

describe('a task that comes when an executor wants work', () => {
  test('is granted in the record that makes it, and nothing runs before that is durable', () => {
    const world = worldOf({ atOnce: 1 });
    const part = only(world);
    const executor = world.executors[0];
    const id = world.mint(0);
    const request = world.start(id, work);
    expect([part.appends.length, executor?.inbox.length]).toEqual([1, 0]);
    expect(stateOf(world, id)?.n).toBe(1);
    world.land(part);
    expect([part.appends.length, executor?.inbox.length]).toEqual([0, 1]);
    world.run();
    expect(world.reply(request)).toEqual({ ok: true, text: '[0]' });
    // The outcome was the only other record.
    expect(part.records.length - part.core.epoch).toBe(2);
  });

  test('waits its turn while others are in the queue', () => {
    const world = worldOf({ atOnce: 0 });
    const first = started(world);
    const part = only(world);
    Object.assign(world.options, { atOnce: 1 });
    const second = started(world);
    expect([stateOf(world, first)?.n, stateOf(world, second)?.n]).toEqual([0, 0]);
    expect(part.tasks.queue.length).toBe(2);
  });

  test('stays in the queue if the app has no task of its name', () => {
    const world = worldOf({ atOnce: 1 });
    const part = only(world);
    const executor = world.executors[0];
    if (executor !== undefined) world.names.set(executor, new Set(['other']));
    const id = started(world);
    expect(stateOf(world, id)?.n).toBe(0);
    expect(part.tasks.queue.length).toBe(1);
  });

  test('and is lost with its leader before the record is durable never ran; the client may ask again', () => {
    const world = worldOf({ atOnce: 1 });
    const part = only(world);
    const id = world.mint(0);
    world.start(id, work);
    world.crashLeader(part, 0);
    world.lead(part, []);
    expect([stateOf(world, id), world.executors[0]?.inbox.length]).toEqual([undefined, 0]);
    const again = world.start(id, work);
    world.run();
    expect(world.reply(again)).toEqual({ ok: true, text: '[0]' });
  });
});
