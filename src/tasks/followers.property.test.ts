/**
 * Clients that begin to follow a task, stop, and go on from what they have seen, at any moment; leaders and executors die
 * between any two effects. Each client sees every line once and in order, and in the end how the task ended.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { encodePolicy } from '../app/policy.ts';
import { taskKey } from '../values/task-id.ts';
import { takeClientMessage } from './client-requests.ts';
import { fromClient } from './messages.ts';
import type { Op, Program } from './program.fixture.ts';
import { type LogRow, logTable } from './tables.ts';
import { stateEvent } from './task-events.ts';
import { type Part, World } from './world.fixture.ts';

const policy = encodePolicy({
  attempts: 9,
  backoffFirstMs: 10,
  backoffFactor: 2,
  backoffMaxMs: 100,
  timeoutMs: 0,
  priority: 0,
});

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Op>({ op: 'log' }) },
  { weight: 1, arbitrary: fc.constant<Op>({ op: 'run', value: 1 }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('sleep' as const), ms: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.constant<Op>({ op: 'call', child: { ops: [{ op: 'log' }] } }) },
);
const program: fc.Arbitrary<Program> = fc.record({
  ops: fc.array(op, { maxLength: 15 }),
  end: fc.constantFrom('fail' as const, { flaky: 1 }, { flaky: 0 }),
});

/** As a client library does it: what comes for a request that it has given up is not looked at. */
class FollowingClient {
  readonly lines: number[] = [];
  request: number | undefined;
  finished = 0;
  state: unknown;
  readonly #world: World;
  readonly #id: string;
  #read = 0;

  constructor(world: World, id: string) {
    this.#world = world;
    this.#id = id;
  }

  follow(): void {
    if (this.request === undefined && this.finished === 0)
      this.request = this.#world.ask(this.#world.partOf(this.#id), fromClient.follow, this.#id, this.lines.length);
  }

  giveUp(): void {
    if (this.request === undefined) return;
    const part = this.#world.partOf(this.#id);
    const flat = [fromClient.giveUp, this.request, this.#id, undefined, undefined];
    this.#world.transact(part, (tx) => takeClientMessage(part.tasks, tx, 1, flat, 0));
    this.request = undefined;
  }

  read(): void {
    const { events } = this.#world;
    for (; this.#read < events.length; this.#read++) {
      const [request, event] = events[this.#read] as (typeof events)[number];
      if (request !== this.request) continue;
      expect(this.finished).toBe(0);
      if (event.type === 'log') this.lines.push(event.index);
      else if (event.type === 'finished') this.finished++;
      else this.state = event;
    }
    if (this.request !== undefined && this.#world.reply(this.request) !== undefined) this.request = undefined;
  }
}

const linesOf = (part: Part, id: string): LogRow[] => {
  const rows: LogRow[] = [];
  part.core.transact(0, (tx) => {
    for (const [key, row] of tx.scan(logTable)) if (key.startsWith(taskKey(id))) rows.push(row);
  });
  return rows;
};

/** After every step: those who follow now are known and nobody else, and have been told how the task is. */
const check = (part: Part, id: string, clients: readonly FollowingClient[]): void => {
  for (const client of clients) client.read();
  const { tasks } = part;
  const followed = tasks.followed.get(taskKey(id));
  const known = followed?.followers.map(({ request }) => request).sort() ?? [];
  const following = clients.flatMap(({ request }) => request ?? []).sort();
  expect([known, tasks.changed.size]).toEqual([part.appends.length === 0 ? following : known, 0]);
  expect(following).toEqual(expect.arrayContaining(known));
  if (followed === undefined) return;
  part.core.transact(0, (tx) => expect(followed.state).toBe(stateEvent(tasks, tx, taskKey(id))));
};

const disturb = (world: World, part: Part, clients: readonly FollowingClient[]): void => {
  const kind = world.random.fraction();
  const client = world.pick(clients);
  if (kind < 0.4) client.follow();
  else if (kind < 0.7) client.giveUp();
  else if (kind < 0.8) world.crashExecutor(world.pick(world.executors));
  else if (kind < 0.9) {
    const running = world.crashLeader(part, Math.floor(world.random.fraction() * 3));
    world.lead(
      part,
      running.map(({ executor, epoch, n }) => ({ epoch, n, executor: executor.number })),
    );
    // Whoever followed through the old one hears nothing more, and asks the new one.
    for (const each of clients) each.request = undefined;
  } else if (kind < 0.95) {
    const attempts = world.executors.flatMap((executor) => [...executor.attempts.values()]);
    for (const attempt of attempts) if (attempt.waits && !attempt.holdsItems) attempt.park();
  } else {
    part.core.checkpoint();
    world.pump(part);
  }
};

test('whoever follows, stops and follows on sees every line once and in order, and the end once', () => {
  fc.assert(
    fc.property(program, fc.string(), fc.integer({ min: 0, max: 60 }), (tree, seed, disturbances) => {
      const world = new World({ partitions: 1, executors: 2, seed, policy });
      const part = world.parts[0] as Part;
      const id = world.mint(0);
      world.start(id, tree);
      while (part.appends.length > 0) world.land(part);
      const clients = [0, 1, 2].map(() => new FollowingClient(world, id));
      for (let left = disturbances; left > 0; ) {
        const events = world.possible();
        if (world.random.fraction() < 0.3 || events.length === 0) {
          disturb(world, part, clients);
          left--;
        } else world.pick(events)();
        if (world.possible().length === 0) world.passTime();
        check(part, id, clients);
      }
      // They follow without a break from here on: what they were told last is how the task is.
      for (const client of clients) client.follow();
      world.run(world.now);
      check(part, id, clients);
      for (const client of clients)
        if (client.finished === 0)
          expect(JSON.stringify(client.state)).toBe(part.tasks.followed.get(taskKey(id))?.state);
      world.run();
      check(part, id, clients);
      const lines = linesOf(part, id).map((_, index) => index);
      for (const client of clients) expect([client.lines, client.finished]).toEqual([lines, 1]);
      expect([part.tasks.followed.size, part.tasks.changed.size]).toEqual([0, 0]);
    }),
    { numRuns: 150 },
  );
});
