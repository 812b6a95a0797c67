/**
 * Random trees of tasks over several partitions, with leaders and executors that die between any two effects.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { expectCounters } from './counters.fixture.ts';
import { fromClient } from './messages.ts';
import { expected } from './program.fixture.ts';
import { begin, keyedRoot, nothingIsLeft, policy, type Root, scenario } from './random-trees.fixture.ts';
import { type StateRow, specTable, stepTable, taskStatus } from './tables.ts';
import { aliveState } from './task-rows.ts';
import { World } from './world.fixture.ts';

const chaos = (world: World, crashes: number): void => {
  const kind = world.random.fraction();
  const part = world.pick(world.parts);
  if (kind < 0.3) {
    part.core.checkpoint();
    world.pump(part);
  } else if (kind < 0.4) part.clockOff = Math.floor((world.random.fraction() - 0.5) * 2_000);
  else if (kind < 0.6) {
    const waiting = world.executors.flatMap((executor) =>
      [...executor.attempts.values()].filter((attempt) => attempt.waits && !attempt.holdsItems),
    );
    if (waiting.length > 0) world.pick(waiting).park();
  } else if (kind < 0.7) world.now += Math.floor(world.random.fraction() * 600);
  else if (kind < 0.75 && crashes > 0) world.flush(part, Math.floor(world.random.fraction() * 4));
};

/** Somebody dies; whoever has led leads again at once or a little later. */
const crash = (world: World): void => {
  const kind = world.random.fraction();
  if (kind < 0.3) {
    world.crashExecutor(world.pick(world.executors));
    return;
  }
  const dying = kind < 0.8 ? [world.pick(world.parts)] : world.parts;
  for (const part of dying) world.flush(part, Math.floor(world.random.fraction() * 4));
  const kept = dying.map((part) => world.crashLeader(part, Math.floor(world.random.fraction() * 3)));
  if (kind >= 0.9)
    for (const executor of [...world.executors]) {
      world.executors.splice(world.executors.indexOf(executor), 1);
      world.addExecutor();
    }
  for (const [at, part] of dying.entries()) {
    const running = kind >= 0.9 ? [] : (kept[at] ?? []);
    world.lead(
      part,
      running.map(({ executor, epoch, n, id }) => ({
        key: id.slice(4) + id.slice(0, 4),
        epoch,
        n,
        executor: executor.number,
      })),
      kind >= 0.9 ? 'it was killed' : undefined,
    );
  }
};

const play = (world: World, roots: Root[], crashes: number, everySteps: number, cancel: boolean): void => {
  let left = crashes;
  for (let steps = 0; left > 0 && steps < 20_000; steps++) {
    if (world.random.fraction() < 1 / everySteps) {
      crash(world);
      left--;
      // A client repeats what it was not answered.
      for (const root of roots)
        if (world.reply(root.request) === undefined) root.request = world.start(root.id, root.program);
    }
    if (world.random.fraction() < 0.15) chaos(world, left);
    if (cancel && world.random.fraction() < 1 / everySteps) {
      const { id } = world.pick(roots);
      world.ask(world.partOf(id), fromClient.cancel, id);
    }
    const events = world.possible();
    if (events.length > 0) world.pick(events)();
    else if (!world.passTime()) break;
  }
  world.run();
};

test('every task ends once, with the right result, whoever dies when (T1, T2, T5, T6)', () => {
  fc.assert(
    fc.property(scenario, ({ programs, keyed, seed, partitions, crashes, everySteps }) => {
      const world = new World({ partitions, executors: 2, seed, policy, atOnce: 0.5 });
      const shared = keyed.length === 0 ? [] : [keyedRoot(keyed), keyedRoot([...keyed].reverse())];
      const roots = begin(world, [...programs, ...shared]);
      play(world, roots, crashes, everySteps, false);
      for (const { program: each, request } of roots) {
        const reply = world.reply(request);
        const outcome = expected(each);
        expect(reply?.ok).toBe(outcome.ok);
        if (outcome.ok) expect(JSON.parse(reply?.text ?? '')).toEqual(outcome.value);
      }
      nothingIsLeft(world);
    }),
    { numRuns: 150 },
  );
});

test('a cancelled tree ends too, with one outcome that every repeat is told (T5, P2)', () => {
  fc.assert(
    fc.property(scenario, ({ programs, seed, partitions, crashes, everySteps }) => {
      const world = new World({ partitions, executors: 2, seed, policy, atOnce: 0.5 });
      const roots = begin(world, programs);
      play(world, roots, crashes, everySteps, true);
      for (const root of roots) {
        const told = world.reply(root.request);
        expect(told).toBeDefined();
        const again = world.start(root.id, root.program);
        world.run();
        expect(world.reply(again)).toEqual(told);
        if (told?.ok === true)
          expect(JSON.parse(told.text)).toEqual((expected(root.program) as { value: unknown }).value);
      }
      nothingIsLeft(world);
    }),
    { numRuns: 100 },
  );
});

test('leaders that come one after the other find the same state in the rows, down to what each task is about to do', () => {
  fc.assert(
    fc.property(scenario, fc.nat(300), ({ programs, seed, partitions }, stop) => {
      const world = new World({ partitions, executors: 2, seed, policy, atOnce: 0.5 });
      begin(world, programs);
      for (let steps = 0; steps < stop; steps++) {
        const events = world.possible();
        if (events.length > 0) world.pick(events)();
        else if (!world.passTime()) break;
      }
      for (const part of world.parts) while (part.appends.length > 0) world.land(part);
      for (const part of world.parts) {
        const { tasks } = part;
        let alive = 0;
        part.core.transact(0, (tx) => {
          for (const [key] of tx.scan(specTable)) {
            const state = aliveState(tx, key) as StateRow;
            alive++;
            const live = tasks.live.get(key);
            if (state.status === taskStatus.running) expect(tasks.byAttempt.get(state.n)).toBe(live);
            if (state.status === taskStatus.running) expect([live?.epoch, live?.n]).toEqual([state.epoch, state.n]);
            if (state.status === taskStatus.waiting) expect(live?.executor).toBe(-1);
            if (live === undefined) continue;
            let pending = 0;
            for (const [, step] of tx.scan(stepTable, key, `${key}\xff`)) if (step.order === 0) pending++;
            expect(live.pending?.size ?? 0).toBe(pending);
          }
        });
        expect(tasks.alive).toBe(alive);
      }
      expectCounters(world);
    }),
    { numRuns: 100 },
  );
});

test('the attempts that a policy allows are more than the crashes that these tests make', () => {
  expect(limits.attemptsDefault).toBeLessThan(9);
});
