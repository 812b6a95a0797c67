import { describe, expect, test } from 'vitest';
import { taskKey } from '../values/task-id.ts';
import { executorsLost } from './blame.ts';
import { attemptLost, executorLost } from './grant.ts';
import {
  begin,
  failureOf,
  killAll,
  landAll,
  only,
  policyOf,
  started,
  stateOf,
  work,
  worldOf,
} from './one-partition.fixture.ts';
import type { Program } from './program.fixture.ts';

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

  test('so does one whose first notes are lost with the process: after its end they are waited for', () => {
    const world = worldOf();
    const id = started(world);
    const part = only(world);
    let kills = 0;
    for (; stateOf(world, id) !== undefined && kills < 20; kills++) {
      const executor = world.executors[0];
      if (executor === undefined) throw new Error('no executor');
      world.grant(part, executor, 100);
      while (executor.inbox.length === 0 && part.appends.length > 0) world.land(part);
      // Once it is entered, nothing reaches the disk any more.
      world.crashLeader(part, 0);
      world.executors.length = 0;
      world.addExecutor();
      world.lead(part, [], 'it was killed');
      landAll(part, world);
    }
    // The first time nobody knew that it had begun.
    expect(kills).toBe(6);
    expect(failureOf(world, id)).toMatchObject({ code: 'TASK_CRASHED' });
  });

  test('so does one that ends another node before it is heard that it began: whoever was granted there is suspected', () => {
    const world = worldOf();
    const part = only(world);
    const id = started(world);
    let ends = 0;
    for (; stateOf(world, id) !== undefined && ends < 20; ends++) {
      const executor = world.addExecutor();
      world.grant(part, executor, 1);
      landAll(part, world);
      world.executors.splice(world.executors.indexOf(executor), 1);
      world.transact(part, (tx) => executorsLost(part.tasks, tx, new Set([executor.number]), 'it was killed'));
      landAll(part, world);
      world.fire(part);
    }
    expect(ends).toBe(5);
    expect(failureOf(world, id)).toMatchObject({ code: 'TASK_CRASHED' });
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

  test('beside one that has to be the only suspect others run, and are counted too, though never ended for it', () => {
    const world = worldOf({ slots: 100 });
    const part = only(world);
    const suspect = started(world, work, policyOf(5));
    for (let kills = 0; kills < 3; kills++) {
      begin(world);
      killAll(world, 'it was killed');
    }
    const beside = started(world, work, policyOf(1));
    world.grant(part, world.executors[0] as never, 100);
    landAll(part, world);
    expect(part.tasks.live.size).toBe(2);
    killAll(world, 'it was killed');
    expect([suspect, beside].map((id) => stateOf(world, id)?.crashes)).toEqual([4, 1]);
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
