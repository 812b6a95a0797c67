/**
 * Several partitions with their leaders, executors and one client, in one thread and under a virtual clock. Every effect
 * (an append, a message, a grant, a flush) is an event of its own that happens when the test, or a seed, says so; between any
 * two a leader, an executor or all of them may die.
 */
import { outboxTable, type PeerMessage, peersTable } from '../partition/outbox.ts';
import { Partition } from '../partition/partition.ts';
import type { Entry } from '../partition/pipeline.ts';
import { TableSet } from '../partition/table.ts';
import type { TaskEvent } from '../protocol/task-view.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { decodeValue } from '../values/codec.ts';
import { hash16, type SeededRandom, seededRandom } from '../values/hash.ts';
import { hashOfTaskId, mintTaskId, partitionOfHash } from '../values/task-id.ts';
import { claimTasks, collectFinished, loseUnnamed, takeNamed } from './claim.ts';
import { takeClientMessage } from './client-requests.ts';
import { ExecutorNames } from './executor-names.fixture.ts';
import { executorLost, grantTasks } from './grant.ts';
import { TaskLeader, type TaskOutput, type TaskTransaction } from './leader.ts';
import { fireTimers, takeExecutorMessage, takePeerMessage } from './machine.ts';
import { type Flat, fromClient, toClient } from './messages.ts';
import { removeExpired } from './retention.ts';
import { type Attempt, namedBy, type Running, ScriptedExecutor } from './scripted-executor.fixture.ts';
import { taskTables } from './tables.ts';
import type { WorldOptions } from './world-options.fixture.ts';

export class Part {
  readonly number: number;
  readonly records: Uint8Array[] = [];
  readonly store = createMemoryStore();
  reader = this.store.reader();
  core: Partition<TaskOutput>;
  tasks: TaskLeader;
  up = false;
  appends: Entry<TaskOutput>[] = [];
  flushes: { readonly position: number; readonly note: Uint8Array }[] = [];
  /** How far this leader's clock is off. */
  clockOff = 0;

  constructor(number: number, core: (part: Part) => Partition<TaskOutput>, tasks: () => TaskLeader) {
    this.number = number;
    this.core = core(this);
    this.tasks = tasks();
  }
}

export type Reply = { readonly ok: boolean; readonly text: string };

export class World {
  readonly options: WorldOptions;
  readonly random: SeededRandom;
  now = 1_760_000_000_000;
  readonly parts: Part[] = [];
  readonly executors: ScriptedExecutor[] = [];
  readonly names = new ExecutorNames(this.executors);
  /** Messages between partitions, by sender and receiver. */
  readonly wire = new Map<string, PeerMessage[]>();
  /** Everything any request was answered, by request number. */
  readonly replies = new Map<number, Reply[]>();
  /** What those who follow tasks were told. */
  readonly events: (readonly [request: number, event: TaskEvent])[] = [];
  /** The one result of each step that anybody was told. */
  readonly stepResults = new Map<string, string>();
  /** The code of a task keeps every executor from answering. */
  kept = false;
  #requests = 0;
  #executors = 0;
  #claims = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = seededRandom(options.seed);
    for (let number = 0; number < options.partitions; number++) {
      const newTasks = (): TaskLeader => this.#newTasks(number);
      this.parts.push(new Part(number, (each) => this.#newCore(each), newTasks));
    }
    for (let count = 0; count < options.executors; count++) this.addExecutor();
    for (const part of this.parts) this.lead(part, []);
  }

  #newCore(part: Part): Partition<TaskOutput> {
    return new Partition<TaskOutput>({
      partition: part.number,
      window: 2,
      carefulWindow: 2,
      shared: false,
      store: part.reader,
      tables: new TableSet([outboxTable, peersTable, ...taskTables]),
      newLogId: [this.#claims++, 7],
    });
  }

  #newTasks(number: number): TaskLeader {
    const { partitions, retentionMs, retentionTasks } = this.options;
    return new TaskLeader({
      partition: number,
      partitions,
      executors: (name) => this.names.having(name).length,
      takeExecutor: (name) => {
        const having = this.random.fraction() < (this.options.atOnce ?? 0) ? this.names.having(name) : [];
        return having.length > 0 ? this.pick(having).number : undefined;
      },
      functionSets: () => this.names.sets,
      functionsOf: (number) => this.names.of(this.executors.find((executor) => executor.number === number)),
      anyExecutor: () => this.executors.map(({ number }) => ({ executor: number, kept: this.kept }))[0],
      retentionMs: retentionMs ?? 1_000_000_000,
      retentionTasks: retentionTasks ?? 1_000_000,
      queuedTasksMax: 1_000_000,
      random: () => this.random.fraction(),
      randomBytes: (count) => this.random.bytes(count),
    });
  }

  addExecutor(names?: ReadonlySet<string>): ScriptedExecutor {
    const executor = new ScriptedExecutor(
      this.#executors++,
      {
        told: (id, key, text) => this.#told(`${id} ${key}`, text),
        fraction: () => this.random.fraction(),
      },
      this.options.policy,
    );
    this.executors.push(executor);
    this.names.set(executor, names);
    return executor;
  }

  #told(step: string, text: string): void {
    const before = this.stepResults.get(step);
    if (before !== undefined && before !== text) throw new Error(`step ${step} has two results: ${before}, ${text}`);
    this.stepResults.set(step, text);
  }

  clock(part: Part): number {
    return this.now + part.clockOff;
  }

  /** Runs a step of a partition and ends its turn. */
  transact(part: Part, step: (tx: TaskTransaction) => void): void {
    part.core.transact(this.clock(part), step);
    part.core.endTurn();
    this.pump(part);
  }

  pump(part: Part): void {
    for (let effects = part.core.takeEffects(); effects.length > 0; effects = part.core.takeEffects())
      for (const effect of effects) {
        switch (effect.kind) {
          case 'append':
            part.appends.push(effect.entry);
            break;
          case 'read':
            part.core.readResult(
              part.records.slice(effect.from - 1).map((bytes, at) => ({ position: effect.from + at, bytes })),
              this.clock(part),
            );
            break;
          case 'release':
            for (const output of effect.outputs) this.#route(part, output);
            break;
          case 'flush':
            part.flushes.push({ position: effect.position, note: effect.note });
            break;
          case 'leading':
            break;
          case 'fenced':
          case 'stands':
          case 'wait':
          case 'survey':
          case 'handOver':
          case 'handedOver':
          case 'beaten':
            throw new Error('nobody else leads here');
          default:
            effect satisfies never;
        }
      }
  }

  #route(part: Part, output: TaskOutput): void {
    switch (output.kind) {
      case 'executor': {
        const executor = this.executors.find(({ number }) => number === output.executor);
        this.names.check(executor, output.flat);
        executor?.inbox.push({ partition: part.number, flat: output.flat });
        break;
      }
      case 'client':
        this.#answered(output.flat);
        break;
      case 'message':
      case 'received': {
        const name = `${output.from}>${output.to}`;
        const wire = this.wire.get(name) ?? [];
        this.wire.set(name, wire);
        wire.push(output);
        break;
      }
      default:
        output satisfies never;
    }
  }

  #answered(flat: Flat): void {
    const request = flat[1] as number;
    if (flat[0] === toClient.event) {
      this.events.push([request, decodeValue(flat[2] as string) as TaskEvent]);
      return;
    }
    const replies = this.replies.get(request) ?? [];
    this.replies.set(request, replies);
    replies.push({ ok: flat[2] === 1, text: flat[3] as string });
  }

  /** Leads a partition, at once: everything its log holds is read, and the claim lands. */
  lead(part: Part, running: readonly Running[], previousEnd: string | undefined = undefined): void {
    part.reader = part.store.reader();
    part.appends = [];
    part.flushes = [];
    part.core = this.#newCore(part);
    part.tasks = this.#newTasks(part.number);
    this.pump(part);
    while (part.core.role !== 'leading') this.land(part);
    part.up = true;
    this.transact(part, (tx) => claimTasks(part.tasks, tx, part.core.epoch, previousEnd));
    for (const { number } of [...this.executors])
      this.transact(part, (tx) => takeNamed(part.tasks, tx, number, namedBy(number, running)));
    this.transact(part, (tx) => loseUnnamed(part.tasks, tx, previousEnd));
    for (let after: string | undefined = ''; after !== undefined; ) {
      const from: string = after;
      this.transact(part, (tx) => {
        after = collectFinished(part.tasks, tx, from, 3);
      });
    }
  }

  /** The oldest append reaches the log. */
  land(part: Part): void {
    const entry = part.appends.shift() as Entry<TaskOutput>;
    if (entry.after !== part.records.length) throw new Error('appended out of order');
    part.records.push(entry.bytes);
    part.core.appendResult(entry, { kind: 'appended', position: entry.after + 1 });
    this.pump(part);
  }

  /** A leader dies. `landed` of what it had under way reaches the log all the same. Returns what still runs of its tasks. */
  crashLeader(part: Part, landed: number): Attempt[] {
    part.up = false;
    for (const entry of part.appends.slice(0, landed))
      if (entry.after === part.records.length) part.records.push(entry.bytes);
    return this.executors.flatMap((executor) => executor.leaderGone(part.number));
  }

  /** An executor dies with what it had to say; another takes its place. */
  crashExecutor(executor: ScriptedExecutor, what = 'it ended'): void {
    this.executors.splice(this.executors.indexOf(executor), 1);
    this.addExecutor(this.names.of(executor));
    for (const part of this.parts)
      if (part.up)
        this.transact(part, (tx) =>
          executorLost(part.tasks, tx, executor.number, undefined, { kind: 'crashed', what }),
        );
  }

  /** Writes `slices` of the oldest flush, or all of it and the marker. */
  flush(part: Part, slices = Number.POSITIVE_INFINITY): void {
    const flush = part.flushes[0];
    if (flush === undefined) return;
    const writes = [...part.core.frozenWrites()];
    const size = Math.max(1, Math.ceil(writes.length / 4));
    for (let at = 0; at * size < writes.length; at++) {
      if (at >= slices) return;
      void part.store.writer.write(part.number, writes.slice(at * size, (at + 1) * size));
    }
    void part.store.writer.mark(part.number, flush);
    part.flushes.shift();
    part.reader.renew();
    part.core.flushed();
    this.pump(part);
  }

  partOf(id: string): Part {
    return this.parts[partitionOfHash(hashOfTaskId(id), this.parts.length)] as Part;
  }

  /** An id of a task in `partition`. */
  mint(partition: number): string {
    const hash = Math.ceil((65_536 * partition) / this.parts.length) + 1;
    return mintTaskId(hash, this.now, this.random.bytes(16));
  }

  mintForKey(name: string, key: string): string {
    return mintTaskId(hash16(JSON.stringify([name, key])), this.now, this.random.bytes(16));
  }

  /** Sends a request; the number of its answers in `replies`. Nobody hears it while the leader is gone. */
  ask(part: Part, op: number, ...fields: readonly unknown[]): number {
    const request = this.#requests++;
    if (part.up) this.transact(part, (tx) => takeClientMessage(part.tasks, tx, 1, [op, request, ...fields], 0));
    return request;
  }

  start(
    id: string,
    input: unknown,
    more: { key?: string; delayMs?: number; name?: string; policy?: string; repeatable?: boolean } = {},
  ): number {
    const { key, delayMs = 0, name = 'task', policy = this.options.policy, repeatable = false } = more;
    const text = JSON.stringify(input);
    return this.ask(this.partOf(id), fromClient.start, id, name, text, policy, key, delayMs, 1, repeatable ? 1 : 0);
  }

  reply(request: number): Reply | undefined {
    return this.replies.get(request)?.[0];
  }

  receivePeer(name: string): void {
    const message = this.wire.get(name)?.shift();
    const part = message === undefined ? undefined : this.parts[message.to];
    if (message !== undefined && part?.up === true)
      this.transact(part, (tx) => takePeerMessage(part.tasks, tx, message));
  }

  receiveReport(executor: ScriptedExecutor): void {
    const report = executor.out.shift();
    const part = report === undefined ? undefined : this.parts[report.partition];
    if (report !== undefined && part?.up === true)
      this.transact(part, (tx) => takeExecutorMessage(part.tasks, tx, report.flat, 0));
  }

  grant(part: Part, executor: ScriptedExecutor, count = 1): number {
    let given = 0;
    this.transact(part, (tx) => {
      given = grantTasks(part.tasks, tx, part.core.position, executor.number, count);
    });
    return given;
  }

  fire(part: Part): void {
    this.transact(part, (tx) => fireTimers(part.tasks, tx, 10));
  }

  /** Everything that could happen now but chaos and the passing of time; with `userCode`, code that computes gets on. */
  possible(userCode = true): (() => void)[] {
    const events: (() => void)[] = [];
    const { slots = 4 } = this.options;
    for (const part of this.parts) {
      if (!part.up) continue;
      if (part.appends.length > 0) events.push(() => this.land(part));
      if (part.flushes.length > 0) events.push(() => this.flush(part));
      if (part.tasks.timers.nextDueAt <= Math.max(this.clock(part), part.core.time)) events.push(() => this.fire(part));
      for (const executor of this.executors)
        if (
          part.tasks.readyFor(this.names.of(executor)) > 0 &&
          (executor.attempts.size < slots || executor.inbox.length === 0)
        )
          events.push(() => void this.grant(part, executor));
    }
    for (const [name, wire] of this.wire) if (wire.length > 0) events.push(() => this.receivePeer(name));
    for (const executor of this.executors) {
      if (executor.inbox.length > 0) events.push(() => executor.receive());
      if (executor.out.length > 0) events.push(() => this.receiveReport(executor));
      for (const attempt of executor.attempts.values())
        if (userCode && attempt.working !== undefined) events.push(() => attempt.finishWork());
    }
    return events;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random.fraction() * from.length)] as T;
  }

  /** Moves the clock to the next timer. False: there is none. */
  passTime(): boolean {
    const dues = this.parts.filter(({ up }) => up).map((part) => part.tasks.timers.nextDueAt - part.clockOff);
    const next = Math.min(...dues);
    if (!Number.isFinite(next)) return false;
    this.now = Math.max(this.now, next);
    return true;
  }

  /** Lets everything happen, in an order of the seed, until nothing is left to happen before `until`. */
  run(until = Number.POSITIVE_INFINITY, stepsMax = 200_000): void {
    for (let steps = 0; steps < stepsMax; steps++) {
      const events = this.possible();
      if (events.length > 0) {
        this.pick(events)();
        continue;
      }
      for (const part of this.parts) this.transact(part, (tx) => removeExpired(part.tasks, tx, 100));
      if (this.possible().length > 0) continue;
      const dues = this.parts.map((part) => part.tasks.timers.nextDueAt - part.clockOff);
      if (Math.min(...dues) > until || !this.passTime()) {
        this.now = Math.max(this.now, Number.isFinite(until) ? until : 0);
        return;
      }
    }
    throw new Error(`still something to do after ${stepsMax} events`);
  }
}
