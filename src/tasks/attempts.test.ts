import { describe, expect, test } from 'vitest';
import { encodePolicy } from '../app/policy.ts';
import { decodeError } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { attemptLost, executorLost } from './grant.ts';
import { takeExecutorMessage } from './machine.ts';
import { type Flat, fromExecutor, toExecutor } from './messages.ts';
import type { Program } from './program.fixture.ts';
import { type StateRow, stateTable } from './tables.ts';
import { type Part, World } from './world.fixture.ts';

const work: Program = { ops: [{ op: 'work' }] };
const policyOf = (attempts: number): string =>
  encodePolicy({ attempts, backoffFirstMs: 10, backoffFactor: 1, backoffMaxMs: 10, timeoutMs: 0, priority: 0 });

const worldOf = (more: Partial<ConstructorParameters<typeof World>[0]> = {}): World =>
  new World({ partitions: 1, executors: 1, seed: 'attempts', ...more });

const only = (world: World): Part => world.parts[0] as Part;
const landAll = (part: Part, world: World): void => {
  while (part.appends.length > 0) world.land(part);
};

/** Starts a task in partition 0; returns its id. */
const started = (world: World, program: Program = work, policy?: string): string => {
  const id = world.mint(0);
  world.start(id, program, policy === undefined ? {} : { policy });
  landAll(only(world), world);
  return id;
};

const stateOf = (world: World, id: string): StateRow | undefined => {
  let state: StateRow | undefined;
  world.partOf(id).core.transact(0, (tx) => {
    state = tx.get(stateTable, taskKey(id));
  });
  return state;
};

/** Grants everything to the first executor and lets it begin. */
const begin = (world: World): void => {
  const part = only(world);
  const executor = world.executors[0];
  if (executor === undefined) throw new Error('no executor');
  landAll(part, world);
  world.grant(part, executor, 100);
  landAll(part, world);
  while (executor.inbox.length > 0) executor.receive();
  while (executor.out.length > 0) world.receiveReport(executor);
  landAll(part, world);
};

/** The whole process is killed, and starts again. */
const killAll = (world: World, previousEnd: string | undefined): void => {
  const part = only(world);
  world.crashLeader(part, 100);
  for (const executor of [...world.executors]) {
    world.executors.splice(world.executors.indexOf(executor), 1);
    world.addExecutor();
  }
  world.lead(part, [], previousEnd);
  landAll(part, world);
};

const failureOf = (world: World, id: string): { code?: string; message: string } => {
  const request = world.ask(world.partOf(id), 2, id);
  landAll(only(world), world);
  return decodeError(world.reply(request)?.text ?? '') as { code?: string; message: string };
};

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
    expect([before?.n, now?.n]).toEqual([1, 1]);
    expect(now?.epoch).toBeGreaterThan(before?.epoch ?? 0);
    const report: Flat = [fromExecutor.done, 0, before?.epoch, before?.n, '"old"', 1];
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
    world.lead(part, [{ key: taskKey(id), epoch: before?.epoch ?? 0, n: before?.n ?? 0, executor: 0 }]);
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
      return { key: taskKey(id), epoch, n, executor: 0 };
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
    world.lead(part, [{ key: taskKey(id), epoch, n: n + 5, executor: 0 }]);
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
    world.lead(part, [{ key: taskKey(id), epoch, n, executor: 0 }]);
    for (const flat of [
      [fromExecutor.stepSleep, 0, epoch, n, 's', '', 1_000],
      [fromExecutor.park, 0, epoch, n, 7],
    ])
      world.transact(part, (tx) => takeExecutorMessage(part.tasks, tx, flat, 0));
    expect(part.tasks.queue.length).toBe(1);
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

describe('crashes (T3)', () => {
  test('a task that kills its process each time ends as TASK_CRASHED after its attempts', () => {
    const world = worldOf();
    const id = started(world);
    let kills = 0;
    for (; stateOf(world, id) !== undefined && kills < 20; kills++) {
      begin(world);
      killAll(world, 'it was killed');
    }
    expect(kills).toBe(5);
    expect(failureOf(world, id)).toMatchObject({ code: 'TASK_CRASHED' });
    expect(failureOf(world, id).message).toContain('it was killed');
  });

  test('those who were only granted beside it are not ended with it, however few attempts they have', () => {
    const world = worldOf({ slots: 100 });
    const poison = started(world, work);
    const innocent = Array.from({ length: 6 }, (_, at) =>
      started(world, { ops: [{ op: 'run', value: at }, { op: 'work' }] }, policyOf(at < 3 ? 1 : 2)),
    );
    const part = only(world);
    for (let kills = 0; stateOf(world, poison) !== undefined && kills < 30; kills++) {
      world.grant(part, world.executors[0] as never, 100);
      landAll(part, world);
      // Nothing gets anywhere beside the poison: it strikes as soon as it is entered.
      if (part.tasks.live.has(taskKey(poison))) killAll(world, 'it was killed');
      else begin(world);
      for (const attempt of [...(world.executors[0]?.attempts.values() ?? [])]) attempt.finishWork();
      while ((world.executors[0]?.out.length ?? 0) > 0) world.receiveReport(world.executors[0] as never);
      landAll(part, world);
    }
    expect(failureOf(world, poison)).toMatchObject({ code: 'TASK_CRASHED' });
    world.run();
    for (const id of innocent) {
      const request = world.ask(part, 2, id);
      landAll(part, world);
      expect(world.reply(request)?.ok).toBe(true);
    }
  });

  test('of the tasks that have crashed three times at most one runs, and the others follow it', () => {
    const world = worldOf();
    const part = only(world);
    const ids = [started(world), started(world), started(world)];
    for (let kills = 0; kills < 3; kills++) {
      begin(world);
      killAll(world, 'it was killed');
    }
    expect(ids.map((id) => stateOf(world, id)?.crashes)).toEqual([3, 3, 3]);
    const executor = world.executors[0] as (typeof world.executors)[0];
    expect(world.grant(part, executor, 9)).toBe(1);
    landAll(part, world);
    expect(part.tasks.queue.length).toBe(0);
    executor.receive();
    expect([...executor.attempts.values()][0]?.solo).toBe(true);
    world.run();
    expect(ids.map((id) => stateOf(world, id))).toEqual([undefined, undefined, undefined]);
  });

  test('one that waits for a step makes room for the next suspect, or a parent could wait for its own child for ever', () => {
    const world = worldOf();
    const part = only(world);
    const ids = [started(world, { ops: [{ op: 'sleep', ms: 1_000_000 }] }), started(world)];
    for (let kills = 0; kills < 3; kills++) {
      world.grant(part, world.executors[0] as never, 9);
      landAll(part, world);
      killAll(world, 'it was killed');
    }
    begin(world);
    expect(part.tasks.live.size).toBe(1);
    begin(world);
    expect(part.tasks.live.size).toBe(2);
    expect(ids.length).toBe(2);
  });

  test('the crash of a process is not held against a task that waited for a step, nor where no task can be to blame', () => {
    const world = worldOf();
    const waiting = started(world, { ops: [{ op: 'sleep', ms: 1_000_000 }] });
    const computing = started(world);
    begin(world);
    killAll(world, 'it was killed');
    expect([stateOf(world, waiting)?.crashes, stateOf(world, computing)?.crashes]).toEqual([0, 1]);
    begin(world);
    killAll(world, undefined);
    expect(stateOf(world, computing)?.crashes).toBe(1);
  });

  test('a step that was recorded clears the count: the task got further than last time', () => {
    const world = worldOf();
    const id = started(world, { ops: [{ op: 'work' }, { op: 'run', value: 1 }, { op: 'work' }] });
    begin(world);
    killAll(world, 'it was killed');
    begin(world);
    expect(stateOf(world, id)?.crashes).toBe(1);
    for (const attempt of world.executors[0]?.attempts.values() ?? []) attempt.finishWork();
    world.receiveReport(world.executors[0] as never);
    expect(stateOf(world, id)?.crashes).toBe(0);
  });

  test('of an executor that ended, what had not begun or waited is queued without blame; a known culprit alone has it', () => {
    const world = worldOf();
    const part = only(world);
    const [running, waiting] = [started(world), started(world, { ops: [{ op: 'sleep', ms: 1_000_000 }] })];
    begin(world);
    const unstarted = started(world);
    world.grant(part, world.executors[0] as never);
    world.crashExecutor(world.executors[0] as never);
    const crashes = () => [running, waiting, unstarted].map((id) => stateOf(world, id)?.crashes);
    expect(crashes()).toEqual([1, 0, 0]);
    landAll(part, world);
    begin(world);
    const { epoch = 0, n = 0 } = stateOf(world, unstarted) ?? {};
    const gone = world.executors[0]?.number ?? -1;
    world.transact(part, (tx) => executorLost(part.tasks, tx, gone, { epoch, n }, { kind: 'crashed', what: 'x' }));
    expect(crashes()).toEqual([1, 0, 1]);
  });

  test('among several suspects of a dead executor none is ended; the one that then runs alone is', () => {
    const world = worldOf();
    const ids = [started(world, work, policyOf(1)), started(world, work, policyOf(1))];
    begin(world);
    world.crashExecutor(world.executors[0] as never);
    landAll(only(world), world);
    expect(ids.map((id) => stateOf(world, id)?.crashes)).toEqual([1, 1]);
    world.grant(only(world), world.executors[0] as never);
    landAll(only(world), world);
    world.executors[0]?.receive();
    world.receiveReport(world.executors[0] as never);
    world.crashExecutor(world.executors[0] as never);
    expect(ids.filter((id) => stateOf(world, id) === undefined).length).toBe(1);
  });

  test('a timeout outside of the thread counts as a failed attempt, with its own error in the end', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world, work, policyOf(2));
    for (let attempt = 0; attempt < 2; attempt++) {
      begin(world);
      world.transact(part, (tx) => attemptLost(part.tasks, tx, taskKey(id), { kind: 'timeout', timeoutMs: 5 }));
      landAll(part, world);
      world.now += 10;
      world.fire(part);
      landAll(part, world);
    }
    expect(failureOf(world, id)).toMatchObject({ code: 'TASK_TIMEOUT' });
  });

  test('a child that ends with its executor tells its parent in the same record (T5)', () => {
    const world = worldOf({ policy: policyOf(1) });
    const part = only(world);
    const id = started(world, { ops: [{ op: 'call', child: work }] });
    begin(world);
    begin(world);
    expect(part.tasks.live.size).toBe(2);
    world.crashExecutor(world.executors[0] as never);
    // Nothing but that one record becomes durable.
    world.crashLeader(part, 1);
    world.lead(part, []);
    landAll(part, world);
    const wait = world.ask(part, 2, id);
    world.run();
    expect(world.reply(wait)).toEqual({ ok: true, text: '[-1]' });
    expect(part.tasks.alive).toBe(0);
  });

  test('a child that ends because of the claim itself tells its parent in the same record (T5)', () => {
    const world = worldOf();
    const part = only(world);
    const child: Program = { ops: [{ op: 'work' }] };
    const id = started(world, { ops: [{ op: 'call', child }] });
    for (let kills = 0; kills < 12 && stateOf(world, id) !== undefined; kills++) {
      begin(world);
      begin(world);
      // Whatever the claim wrote is lost with the next crash, unless it was one record.
      world.crashLeader(part, 1);
      for (const executor of [...world.executors]) {
        world.executors.splice(world.executors.indexOf(executor), 1);
        world.addExecutor();
      }
      world.lead(part, [], 'it was killed');
      if (part.tasks.alive === 1) break;
    }
    landAll(part, world);
    const wait = world.ask(part, 2, id);
    world.run();
    expect(world.reply(wait)).toEqual({ ok: true, text: '[-1]' });
  });
});
