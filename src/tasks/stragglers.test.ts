import { describe, expect, test } from 'vitest';
import { taskKey } from '../values/task-id.ts';
import { executorLost } from './grant.ts';
import { takeExecutorMessage } from './machine.ts';
import { type Flat, fromClient, fromExecutor, toExecutor } from './messages.ts';
import type { Program } from './program.fixture.ts';
import type { ScriptedExecutor } from './scripted-executor.fixture.ts';
import { type StateRow, stateTable } from './tables.ts';
import { type Part, World } from './world.fixture.ts';

const slow: Program = { ops: [{ op: 'work' }, { op: 'run', value: 7 }] };
const quick: Program = { ops: [] };

/** A map of which one chunk is slow and everything else is done; its executor, and one that has nothing to do. */
class Scene {
  readonly world: World;
  readonly id: string;
  readonly request: number;
  readonly chunk: Part;
  readonly chunkId: string;
  readonly busy: ScriptedExecutor;
  readonly idle: ScriptedExecutor;

  constructor(partitions = 1, item = slow) {
    this.world = new World({ partitions, executors: 2, seed: `stragglers${partitions}`, slots: 9 });
    this.id = this.world.mint(0);
    this.request = this.world.start(this.id, {
      ops: [{ op: 'map', items: [quick, quick, quick, item], collect: false }],
    });
    this.settle();
    const found = this.world.executors.flatMap((executor) =>
      [...executor.attempts.values()].map((attempt) => ({ executor, attempt })),
    );
    const chunk = found.find(({ attempt }) => attempt.isChunk);
    if (chunk === undefined) throw new Error('no chunk runs');
    this.chunkId = chunk.attempt.id;
    this.chunk = this.world.partOf(this.chunkId);
    this.busy = chunk.executor;
    this.idle = this.world.executors.find((executor) => executor !== chunk.executor) as ScriptedExecutor;
  }

  /** Everything but user code goes on; the clock stands still. */
  settle(): void {
    for (let steps = 0; steps < 2_000; steps++) {
      const events = this.world.possible(false);
      if (events.length === 0) return;
      this.world.pick(events)();
    }
    throw new Error('it never settles');
  }

  pass(ms: number): void {
    this.world.now += ms;
    this.settle();
  }

  get live() {
    return this.chunk.tasks.live.get(taskKey(this.chunkId));
  }

  get row(): StateRow | undefined {
    let row: StateRow | undefined;
    this.chunk.core.transact(0, (tx) => {
      row = tx.get(stateTable, taskKey(this.chunkId));
    });
    return row;
  }

  /** Attempts of the chunk that run, by executor. */
  running(): number[] {
    return this.world.executors
      .filter(({ attempts }) => [...attempts.values()].some(({ id }) => id === this.chunkId))
      .map(({ number }) => number);
  }

  report(n: number | undefined, op: number, ...fields: readonly unknown[]): void {
    const flat: Flat = [op, this.chunk.number, this.live?.epoch, n, ...fields];
    this.world.transact(this.chunk, (tx) => takeExecutorMessage(this.chunk.tasks, tx, flat, 0));
  }
}

describe('a copy of a chunk that takes too long (T6)', () => {
  for (const partitions of [1, 3])
    test(`is made on another executor after twice its time, with ${partitions} partitions, and the first result wins`, () => {
      const scene = new Scene(partitions);
      scene.pass(150);
      expect(scene.running().length).toBe(1);
      scene.pass(100);
      scene.pass(250);
      expect(scene.running()).toEqual([0, 1]);
      scene.world.run();
      expect(scene.world.reply(scene.request)).toEqual({ ok: true, text: '[[[],[],[],[0,7]]]' });
      for (const { tasks } of scene.world.parts) expect([tasks.live.size, tasks.byAttempt.size]).toEqual([0, 0]);
      for (const { attempts } of scene.world.executors) expect(attempts.size).toBe(0);
    });

  test('is not made by the executor that has it already, nor before anything else that is queued', () => {
    const scene = new Scene();
    scene.world.executors.splice(scene.world.executors.indexOf(scene.idle), 1);
    scene.world.now += 500;
    for (let steps = 0; steps < 200; steps++) {
      const events = scene.world.possible(false);
      if (events.length > 0) scene.world.pick(events)();
    }
    expect(scene.live?.twin).toBeUndefined();
    scene.world.start(scene.world.mint(0), quick);
    while (scene.chunk.appends.length > 0) scene.world.land(scene.chunk);
    const idle = scene.world.addExecutor();
    expect(scene.world.grant(scene.chunk, idle, 1)).toBe(1);
    expect(scene.live?.twin).toBeUndefined();
    expect(scene.world.grant(scene.chunk, idle, 1)).toBe(1);
    expect(scene.live?.twin?.executor).toBe(idle.number);
  });

  test('is not made of one that has journaled something, or that has ended an executor before', () => {
    const scene = new Scene(1, { ops: [{ op: 'run', value: 1 }, { op: 'work' }] });
    scene.pass(1_000);
    scene.pass(1_000);
    expect(scene.running().length).toBe(1);
    const crashed = new Scene();
    crashed.world.crashExecutor(crashed.busy);
    crashed.settle();
    crashed.pass(1_000);
    crashed.pass(1_000);
    expect(crashed.running().length).toBe(1);
  });
});

describe('of two copies', () => {
  const copied = (): Scene => {
    const scene = new Scene();
    scene.pass(250);
    scene.pass(250);
    if (scene.live?.twin === undefined) throw new Error('no copy was made');
    return scene;
  };

  test('the first that journals a step is the only one from then on, in the rows too; the other is told to stop', () => {
    const scene = copied();
    const [first, second] = [scene.live?.n, scene.live?.twin?.n];
    const loser = scene.live?.executor;
    scene.report(second, fromExecutor.stepRun, 'i3:1', '', 1, '[7,"second"]', 0);
    expect([scene.live?.n, scene.live?.twin, scene.row?.n]).toEqual([second, undefined, second]);
    scene.report(first, fromExecutor.stepRun, 'i3:1', '', 1, '[7,"first"]', 0);
    expect(scene.live?.steps).toBe(1);
    while (scene.chunk.appends.length > 0) scene.world.land(scene.chunk);
    const stopped = scene.world.executors
      .find(({ number }) => number === loser)
      ?.inbox.map(({ flat }) => [flat[0], flat[3]]);
    expect(stopped).toEqual([[toExecutor.cancel, first]]);
  });

  test('a later leader takes over the one that the rows name, and the other is told to stop', () => {
    const scene = copied();
    const { n = 0, twin } = scene.live ?? {};
    const { epoch = 0 } = scene.live ?? {};
    scene.world.crashLeader(scene.chunk, 9);
    scene.world.lead(scene.chunk, [{ epoch, n: twin?.n ?? 0, executor: twin?.executor ?? 0 }]);
    while (scene.chunk.appends.length > 0) scene.world.land(scene.chunk);
    expect(scene.live?.n).not.toBe(n);
    scene.settle();
    scene.world.run();
    for (const { tasks } of scene.world.parts) expect(tasks.live.size).toBe(0);
  });

  test('one whose executor ends leaves the other going, without blame; so does one that is given back', () => {
    for (const ends of ['first', 'second'] as const) {
      const scene = copied();
      const { n, twin } = scene.live ?? {};
      const gone = ends === 'first' ? scene.live?.executor : twin?.executor;
      scene.world.transact(scene.chunk, (tx) =>
        executorLost(scene.chunk.tasks, tx, gone ?? -1, undefined, { kind: 'crashed', what: 'x' }),
      );
      expect([scene.live?.n, scene.live?.twin]).toEqual([ends === 'first' ? twin?.n : n, undefined]);
      expect(scene.row).toMatchObject({ status: 2, crashes: 0, n: scene.live?.n });
    }
    const scene = copied();
    const { n, twin } = scene.live ?? {};
    scene.report(twin?.n, fromExecutor.returned);
    expect([scene.live?.n, scene.live?.twin]).toEqual([n, undefined]);
    expect(scene.chunk.tasks.byAttempt.size).toBe(2);
  });

  test('both are told to stop when the map is cancelled', () => {
    const scene = copied();
    scene.world.ask(scene.chunk, fromClient.cancel, scene.id);
    scene.settle();
    for (const { attempts } of scene.world.executors) expect(attempts.size).toBe(0);
    expect([scene.chunk.tasks.alive, scene.chunk.tasks.byAttempt.size]).toEqual([0, 0]);
  });
});
