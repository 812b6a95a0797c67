/** The client against the state host that ships, over a port that copies what passes. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultyDisk, seededPick } from '../engine/embedded/faulty-files.fixture.ts';
import { openFileBlobs } from '../engine/embedded/file-blobs.ts';
import { LocalBus } from '../engine/embedded/local-bus.ts';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { openPhysicalLog } from '../engine/embedded/physical-log.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { StateHost } from '../execution/state/state-host.ts';
import { functionsOf } from '../execution/state/state-overview.ts';
import { limits } from '../limits.ts';
import type { TaskEvent } from '../protocol/task-view.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { TaskLeader } from '../tasks/leader.ts';
import { type Flat, fromClient, fromExecutor, toClient, toExecutor, toExecutorArity } from '../tasks/messages.ts';
import { encodeError, encodeValue } from '../values/codec.ts';
import { hash16 } from '../values/hash.ts';
import { hashOfTaskId, mintTimeOfTaskId } from '../values/task-id.ts';
import { LocalClient, newTaskId, type StartSpec } from './local-client.ts';

const pauseMs = 50;
const spec: StartSpec = { name: 'some', input: '1', policy: undefined, key: undefined, delayMs: 0 };

/** A state host with one executor, which does what the test says, and a client. */
class Rig {
  readonly env = manualEnv();
  readonly granted: { readonly id: string; readonly epoch: unknown; readonly n: unknown }[] = [];
  readonly notLed: (readonly [client: number, request: number])[] = [];
  readonly client: LocalClient;
  host!: StateHost;
  #receive = (_flat: Flat): void => undefined;

  constructor() {
    const port = {
      on: (_event: 'message', take: (flat: Flat) => void) => {
        this.#receive = take;
      },
      postMessage: (flat: Flat) => this.host.fromClient(1, structuredClone(flat)),
      close: () => undefined,
    };
    this.client = new LocalClient(port, 1, this.env);
  }

  async open(): Promise<void> {
    const files = new FaultyDisk(seededPick(4)).start({ fillAheadPays: false });
    const log = await openPhysicalLog(files, '/log', {
      env: this.env,
      segmentBytes: 8 * 1024 * 1024,
      recordBytesMax: 4 * 1024 * 1024,
    });
    const store = createMemoryStore();
    this.host = new StateHost({
      env: this.env,
      partitions: 1,
      log: (partition) => log.log(partition),
      reader: store.reader(),
      openSnapshotReader: () => store.reader(),
      writer: store.writer,
      blobs: await openFileBlobs(files, '/blobs'),
      bus: new LocalBus(this.env.timers),
      retentionMs: limits.retentionMs,
      retentionTasks: 1_000,
      previousEnd: 'killed',
      checkpoints: limits,
      stalled: () => undefined,
      postToExecutor: (_executor, flat) => this.#grants(flat),
      postToClient: (_client, flat) => this.#receive(structuredClone(flat)),
      onNotLed: (client, request) => this.notLed.push([client, request]),
      soon: (turn) => setImmediate(turn),
      onFailed: (_partition, error) => expect.unreachable(String(error)),
    });
    await this.host.open();
    this.host.addClient(1);
    this.host.addExecutor(0, ['some']);
  }

  get leader(): TaskLeader {
    return this.host.parts.get(0)?.tasks as TaskLeader;
  }

  #grants(flat: Flat): void {
    for (let at = 0; at < flat.length; at += toExecutorArity[flat[at] as keyof typeof toExecutorArity] + 1)
      if (flat[at] === toExecutor.grant)
        this.granted.push({ epoch: flat[at + 2], n: flat[at + 3], id: flat[at + 4] as string });
  }

  /** Starts a task, which runs. */
  async running(): Promise<string> {
    this.host.fromExecutor(0, [fromExecutor.want, 1]);
    const id = await this.client.start(spec);
    await until(() => this.granted.some((each) => each.id === id));
    return id;
  }

  /** What the executor reports of a task. */
  report(id: string, op: number, ...fields: readonly unknown[]): void {
    const attempt = this.granted.find((each) => each.id === id);
    this.host.fromExecutor(0, [op, 0, attempt?.epoch, attempt?.n, ...fields]);
  }

  writeLines(id: string, from: number, to: number): void {
    for (let index = from; index < to; index++)
      this.report(id, fromExecutor.log, index, 'info', encodeValue({ message: `${index}` }));
  }
}

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

let rig: Rig;
beforeEach(async () => {
  rig = new Rig();
  await rig.open();
});
afterEach(() => rig.host.close());

/** Follows a task; what is told, and how the follow ended. */
const followed = (id: string, fromLog = 0) => {
  const told = { events: [] as TaskEvent[], lines: [] as number[], ends: [] as unknown[], stop: () => {} };
  const take = (event: TaskEvent): void => {
    if (event.type === 'log') told.lines.push(event.index);
    else told.events.push(event);
  };
  told.stop = rig.client.follow(id, take, { fromLog, end: (error) => told.ends.push(error) });
  return told;
};
const upTo = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

test('a follow gets all lines, however many pages they are, and then those that come, and ends with the task', async () => {
  const count = 2.5 * limits.logPageLines;
  const id = await rig.running();
  rig.writeLines(id, 0, count);
  const [all, later] = [followed(id), followed(id, count - 1)];
  await until(() => all.lines.length === count);
  rig.writeLines(id, count, count + 2);
  rig.report(id, fromExecutor.done, '{"$date":"2026-11-01T00:00:00.000Z"}', 1);
  await until(() => all.ends.length > 0 && later.ends.length > 0);
  expect([all.lines, later.lines]).toEqual([upTo(0, count + 2), upTo(count - 1, count + 2)]);
  expect(all.events.at(-1)).toEqual({ type: 'finished', ok: true, value: new Date('2026-11-01') });
  expect([all.ends, later.ends]).toEqual([[undefined], [undefined]]);
  const logs = await rig.client.logs(id);
  expect(logs.map(({ message }) => Number(message))).toEqual(upTo(0, count + 2));
  expect((await rig.client.logs(id, count)).length).toBe(2);
});

test('a follow that is called off is told nothing more and leaves nothing behind', async () => {
  const id = await rig.running();
  const [one, other] = [followed(id), followed(id)];
  rig.writeLines(id, 0, 1);
  await until(() => one.lines.length + other.lines.length === 2);
  one.stop();
  one.stop();
  rig.writeLines(id, 1, 2);
  await until(() => other.lines.length === 2);
  expect([one.lines, one.ends]).toEqual([[0], []]);
  await until(() => rig.leader.followed.values().next().value?.followers.length === 1);
  other.stop();
  await until(() => rig.leader.followed.size === 0);
});

test('a task that no executor has waits, says so, and goes to the first that has it, while the others get what they have', async () => {
  const other = await rig.client.start({ ...spec, name: 'other' });
  rig.host.fromExecutor(0, [fromExecutor.want, 2]);
  const some = await rig.client.start(spec);
  await until(() => rig.granted.some(({ id }) => id === some));
  expect(await rig.client.status(other)).toMatchObject({ state: 'queued', lacking: true });
  expect((await rig.client.list()).filter(({ lacking }) => lacking).map(({ id }) => id)).toEqual([other]);
  expect(functionsOf(rig.host.parts.values()).map(({ name, lacking }) => [name, lacking])).toEqual([
    ['other', 1],
    ['some', undefined],
  ]);
  rig.host.addExecutor(1, ['some', 'other']);
  rig.host.fromExecutor(1, [fromExecutor.want, 1]);
  await until(() => rig.granted.some(({ id }) => id === other));
  expect(await rig.client.status(other)).toMatchObject({ state: 'running' });
});

test('why a task cannot be followed is told: there is none, or the client is closed', async () => {
  const none = followed(newTaskId(rig.env));
  const nonsense = followed('nonsense');
  await until(() => none.ends.length + nonsense.ends.length === 2);
  expect([none.ends, nonsense.ends]).toMatchObject([[{ code: 'TASK_NOT_FOUND' }], [{ code: 'TASK_NOT_FOUND' }]]);
  const id = await rig.running();
  const open = followed(id);
  await until(() => open.events.length > 0);
  rig.client.close(new TuttiError('CLOSED', 'The node was closed.'));
  const late = followed(id);
  expect(late.ends).toEqual([]);
  await until(() => late.ends.length > 0);
  expect([open.ends, late.ends]).toMatchObject([[{ code: 'CLOSED' }], [{ code: 'CLOSED' }]]);
});

test('a wait or a run that is given up rejects with the reason, leaves nothing behind, and the task goes on', async () => {
  const id = await rig.running();
  const leave = new AbortController();
  const waits = [rig.client.wait(id, leave.signal), rig.client.wait(id)];
  const runs = [
    rig.client.run({ ...spec, key: 'k' }, leave.signal),
    rig.client.run({ ...spec, key: 'k' }, leave.signal),
    rig.client.run(spec, leave.signal),
  ];
  const rejected = Promise.all([waits[0], ...runs].map((each) => expect(each).rejects.toThrow('enough')));
  await until(() => rig.leader.waiters.size === 3);
  leave.abort(new Error('enough'));
  await rejected;
  await until(() => rig.leader.waiters.size === 1);
  expect(rig.leader.alive).toBe(3);
  await expect(rig.client.wait(id, leave.signal)).rejects.toThrow('enough');
  rig.report(id, fromExecutor.done, '7', 1);
  expect(await waits[1]).toBe('7');
  expect(rig.leader.waiters.size).toBe(0);
});

test('a start under an id attaches when it is repeated; with a key the id is of the partition of the key', async () => {
  const id = newTaskId(rig.env, 5);
  expect([await rig.client.start({ ...spec, id }), await rig.client.start({ ...spec, id })]).toEqual([id, id]);
  const keyed = await rig.client.start({ ...spec, id, key: 'k' });
  expect([hashOfTaskId(keyed), mintTimeOfTaskId(keyed)]).toEqual([hash16('["some","k"]'), mintTimeOfTaskId(id)]);
  expect(await rig.client.start({ ...spec, id, key: 'k' })).toBe(keyed);
  await expect(rig.client.start({ ...spec, id: 'nonsense' })).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
});

test('a refusal for load that comes twice is asked about once, again and again until there is room', async () => {
  const env = manualEnv();
  const sent: Flat[] = [];
  let receive = (_flat: Flat): void => {};
  const port = {
    on: (_event: string, take: (flat: Flat) => void) => {
      receive = take;
    },
    postMessage: (flat: Flat) => sent.push(flat),
    close: () => undefined,
  };
  const client = new LocalClient(port, 1, env);
  const id = client.start(spec);
  const text = encodeError(new TuttiError('OVERLOADED', 'Full.', { details: { retryMs: pauseMs } }));
  for (let round = 1; round <= 5; round++) {
    await new Promise(process.nextTick);
    expect(sent.length).toBe(round);
    expect(sent.at(-1)).toEqual(sent[0]);
    expect(sent[0]?.[0]).toBe(fromClient.start);
    const refusal = [toClient.reply, sent[0]?.[1], 0, text];
    receive([...refusal, ...refusal]);
    env.advance(pauseMs);
  }
  receive([toClient.reply, sent[0]?.[1], 1, '"done"']);
  expect(await id).toBe('done');
});

test('who asks is told that tasks changed: at once, then at most so often, and not any more once it is called off', async () => {
  const notices = { first: 0, second: 0 };
  const ends: unknown[] = [];
  const stop = rig.client.changes(
    () => notices.first++,
    (reason) => ends.push(reason),
  );
  const id = await rig.running();
  await until(() => notices.first > 0);
  expect(notices.first).toBe(1);
  rig.report(id, fromExecutor.started);
  rig.report(id, fromExecutor.progress, 1, 2, undefined);
  rig.report(id, fromExecutor.stepRun, 'run:a:0', '', 1, '1', 0);
  await rig.client.status(id);
  expect(notices.first).toBe(1);
  rig.env.advance(limits.changesEveryMs);
  await until(() => notices.first === 2);
  // Nothing has changed since.
  rig.env.advance(limits.changesEveryMs);
  await rig.client.status(id);
  expect(notices.first).toBe(2);
  stop();
  rig.client.changes(
    () => notices.second++,
    (reason) => ends.push(reason),
  );
  rig.report(id, fromExecutor.done, '1', 1);
  await until(() => notices.second === 1);
  expect(notices.first).toBe(2);
  const closed = new TuttiError('CLOSED', 'closed');
  rig.client.close(closed);
  rig.client.changes(
    () => expect.unreachable(),
    (reason) => ends.push(reason),
  );
  await until(() => ends.length === 2);
  expect(ends).toEqual([closed, closed]);
});

test('a canary that is not through in time is given up', async () => {
  const canary = rig.client.canary();
  await until(() => rig.granted.length === 1);
  rig.env.advance(limits.canaryMs);
  await expect(canary).rejects.toMatchObject({ code: 'NOT_READY' });
  await until(() => rig.leader.waiters.size === 0);
  const id = rig.granted[0]?.id as string;
  rig.report(id, fromExecutor.done, 'null', 0);
  expect(await rig.client.list()).toEqual([]);
  expect(rig.leader.alive).toBe(0);
});

test('of a client that is removed nothing is left, and nothing is told to it', async () => {
  const id = await rig.running();
  const told = followed(id);
  let notices = 0;
  rig.client.changes(
    () => notices++,
    () => undefined,
  );
  void rig.client.wait(id);
  await until(() => rig.leader.waiters.size > 0 && told.events.length > 0);
  rig.host.removeClient(1);
  expect([rig.leader.waiters.size, rig.leader.followed.size]).toEqual([0, 0]);
  const before = [told.events.length, notices];
  rig.report(id, fromExecutor.done, '1', 1);
  await until(() => rig.leader.alive === 0);
  rig.env.advance(limits.changesEveryMs);
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect([told.events.length, notices]).toEqual(before);
});

test('a request for a partition that is not led here is told, and one that gives up is not', async () => {
  const id = await rig.running();
  await rig.host.drop(0);
  rig.host.fromClient(1, [fromClient.status, 5, id, fromClient.giveUp, 6, id, undefined, undefined]);
  expect(rig.notLed).toEqual([[1, 5]]);
});
