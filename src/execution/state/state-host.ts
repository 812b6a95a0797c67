import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { PartitionHost } from '../../partition/host.ts';
import type { PeerMessage } from '../../partition/outbox.ts';
import { outboxTable, peersTable, Resender } from '../../partition/outbox.ts';
import { TableSet } from '../../partition/table.ts';
import { claimTasks, collectFinished } from '../../tasks/claim.ts';
import { executorLost, type Loss } from '../../tasks/grant.ts';
import { TaskLeader, type TaskOutput } from '../../tasks/leader.ts';
import {
  clientMessageLength,
  executorMessageLength,
  fireTimers,
  takeClientMessage,
  takeExecutorMessage,
  takePeerMessage,
} from '../../tasks/machine.ts';
import { appendFlat, type Flat, fromClient, fromExecutor, toClient } from '../../tasks/messages.ts';
import { removeExpired } from '../../tasks/retention.ts';
import { taskTables } from '../../tasks/tables.ts';
import { encodeError } from '../../values/codec.ts';
import type { AttemptName } from '../executor/control.ts';
import { dispatch, type ExecutorPeer, ExecutorTurns } from './dispatch.ts';
import { partitionOfRequest, refusal } from './intake.ts';
import type { Part } from './part.ts';
import { PeerMail } from './peer-mail.ts';
import { SilentExecutors } from './silence.ts';
import type { StateHostOptions } from './state-host-options.ts';

type Executor = ExecutorPeer & { out: Flat };

/** A step is one record at most: it is kept small. */
const messagesPerStep = 128;
const timersPerTurn = 1_000;
const removalsPerTurn = 256;
const collectPerSlice = 20_000;

export class StateHost {
  readonly #options: StateHostOptions;
  readonly #parts: Part[] = [];
  readonly #executors = new Map<number, Executor>();
  readonly #silent = new SilentExecutors(this.#executors);
  readonly #clients = new Map<number, Flat>();
  readonly #mail: PeerMail;
  readonly #turns = new ExecutorTurns();
  #names: ReadonlySet<string> = new Set();
  #turnPlanned = false;
  #closing = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** When messages that no partition has acknowledged are sent again; infinite while all are. */
  #resendAt = Number.POSITIVE_INFINITY;
  #round = 0;
  #opening: Promise<void> = Promise.resolve();
  #becameLeading: (() => void) | undefined;

  constructor(options: StateHostOptions) {
    this.#options = options;
    this.#mail = new PeerMail(options.bus);
  }

  /** Opens all partitions and settles when each is led. Throws `CLOSED` if it is closed meanwhile. */
  async open(): Promise<void> {
    const leading = new Promise<void>((resolve) => {
      this.#becameLeading = resolve;
    });
    this.#opening = this.#openAll();
    await this.#opening;
    // Leading may have been reached before the part was listed; from here on it is found.
    await leading;
  }

  async #openAll(): Promise<void> {
    const { env, partitions } = this.#options;
    const tables = new TableSet([outboxTable, peersTable, ...taskTables]);
    for (let number = 0; number < partitions; number++) {
      if (this.#closing) throw new TuttiError('CLOSED', 'The partitions are being closed.');
      const tasks = new TaskLeader({
        partition: number,
        partitions,
        executors: () => Math.max(1, this.#executors.size),
        takeExecutor: () => (this.#closing ? undefined : this.#turns.take(this.#executors)),
        runs: (name) => this.#names.has(name),
        retentionMs: this.#options.retentionMs,
        retentionTasks: Math.max(1, Math.ceil(this.#options.retentionTasks / partitions)),
        queuedTasksMax: limits.queuedTasksMax,
        random: () => env.random.fraction(),
        randomBytes: (count) => env.random.bytes(count),
      });
      const random = env.random.bytes(8);
      const view = new DataView(random.buffer, random.byteOffset, 8);
      const log = this.#options.log(number);
      const host = await PartitionHost.open<TaskOutput>({
        core: {
          partition: number,
          window: log.shared ? limits.windowRecords : limits.windowRecordsOwn,
          carefulWindow: limits.windowRecords,
          shared: log.shared,
          store: this.#options.reader,
          tables,
          newLogId: [view.getUint32(0), view.getUint32(4)],
        },
        log,
        reader: this.#options.reader,
        openSnapshotReader: this.#options.openSnapshotReader,
        writer: this.#options.writer,
        blobs: this.#options.blobs,
        env,
        release: (outputs) => this.#release(outputs),
        onLeading: (epoch) => this.#lead(number, epoch),
        onFenced: () => this.#failed(number, new TuttiError('LOG_FENCED', `Partition ${number} is led elsewhere now.`)),
        onFailed: (error) => this.#failed(number, error),
        onProgress: () => this.#planTurn(),
        checkpoints: this.#options.checkpoints,
      });
      const part: Part = { number, host, tasks, resender: new Resender(), leading: false };
      this.#parts.push(part);
      this.#mail.receive(number, (messages) => this.#takeMail(part, messages));
    }
  }

  /** An executor that has loaded an app with these tasks can be given work. */
  addExecutor(executor: number, names: readonly string[]): void {
    this.#names = new Set(names);
    this.#executors.set(executor, { wanted: 0, silent: false, out: [] });
  }

  /** An executor is gone; what it held is queued again. `guilty`: the attempt that ended it, where known. */
  removeExecutor(executor: number, guilty: AttemptName | undefined, loss: Loss): void {
    this.#executors.delete(executor);
    this.#silent.gone(executor);
    for (const part of this.#parts) {
      if (!part.leading) continue;
      const named = guilty === undefined ? undefined : guilty.partition === part.number ? guilty : { epoch: -1, n: -1 };
      part.host.transact((tx) => executorLost(part.tasks, tx, executor, named, loss));
    }
    this.#planTurn();
  }

  /** An executor does not answer: it gets nothing more until it does, and what waits behind `running` goes to others. */
  executorBusy(executor: number, running: AttemptName | undefined): void {
    this.#silent.fellSilent(executor, running);
    this.#planTurn();
  }

  executorAnswers(executor: number): void {
    this.#silent.answers(executor);
    this.#planTurn();
  }

  addClient(client: number): void {
    this.#clients.set(client, []);
  }

  fromExecutor(executor: number, flat: Flat): void {
    const known = this.#executors.get(executor);
    let at = 0;
    while (at < flat.length) {
      if (flat[at] === fromExecutor.want) {
        if (known !== undefined) known.wanted += flat[at + 1] as number;
        at += executorMessageLength(flat, at);
        continue;
      }
      const part = this.#parts[flat[at + 1] as number];
      if (part === undefined || !part.leading) {
        at += executorMessageLength(flat, at);
        continue;
      }
      // Messages for the same partition that follow each other are one step.
      part.host.transact((tx) => {
        for (let count = 0; count < messagesPerStep; count++) {
          takeExecutorMessage(part.tasks, tx, flat, at);
          at += executorMessageLength(flat, at);
          if (at >= flat.length || flat[at] === fromExecutor.want || flat[at + 1] !== part.number) return;
        }
      });
    }
    this.#planTurn();
  }

  fromClient(client: number, flat: Flat): void {
    const { partitions } = this.#options;
    let at = 0;
    while (at < flat.length) {
      const number = partitionOfRequest(flat, at, partitions);
      const part = this.#parts[number] as Part;
      if (!part.leading) {
        at += clientMessageLength(flat, at);
        continue;
      }
      const refused = refusal(this.#options.stalled(), part);
      part.host.transact((tx) => {
        for (let count = 0; count < messagesPerStep; count++) {
          if (refused !== undefined && flat[at] === fromClient.start)
            // It tells of no state, so it waits for none: on a full disk nothing else would come through.
            this.#clients.get(client)?.push(toClient.reply, flat[at + 1], 0, encodeError(refused));
          else takeClientMessage(part.tasks, tx, client, flat, at);
          at += clientMessageLength(flat, at);
          if (at >= flat.length || partitionOfRequest(flat, at, partitions) !== number) return;
        }
      });
    }
    this.#planTurn();
  }

  /** Its steps are not run any more, so no message may be taken for it. */
  #failed(number: number, error: unknown): void {
    const part = this.#parts[number];
    if (part !== undefined) part.leading = false;
    this.#options.onFailed(number, error);
  }

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Executors that run something now. */
  busyExecutors(): number {
    const busy = new Set<number>();
    for (const part of this.#parts)
      for (const live of part.tasks.live.values())
        if (live.executor >= 0 && live.started && !(live.pending !== undefined && live.pending.size > 0))
          busy.add(live.executor);
    return busy.size;
  }

  /** Stops granting, gives back what executors hold without blame, and flushes. Executors must have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#opening.catch(() => undefined);
    for (const executor of [...this.#executors.keys()]) this.removeExecutor(executor, undefined, { kind: 'returned' });
    this.#turn();
    await Promise.all(this.#parts.map((part) => part.host.close()));
    this.#closed = true;
    this.#cancelTimer?.();
  }

  #lead(number: number, epoch: number): void {
    // The host of partition `number` may reach leadership before `open` has listed it.
    this.#options.soon(() => {
      const part = this.#parts[number] as Part;
      part.host.transact((tx) => claimTasks(part.tasks, tx, epoch, [], this.#options.previousEnd));
      part.leading = true;
      this.#options.env.events.emit('partition.leading', { partition: number, epoch, tasks: part.tasks.alive });
      this.#collectFinished(part, '');
      this.#planTurn();
      if (this.#parts.length === this.#options.partitions && this.#parts.every((each) => each.leading))
        this.#becameLeading?.();
    });
  }

  #collectFinished(part: Part, after: string): void {
    if (this.#closing) return;
    let next: string | undefined;
    part.host.transact((tx) => {
      next = collectFinished(part.tasks, tx, after, collectPerSlice);
    });
    if (next !== undefined) this.#options.soon(() => this.#collectFinished(part, next as string));
  }

  #release(outputs: readonly TaskOutput[]): void {
    for (const output of outputs) {
      switch (output.kind) {
        case 'executor': {
          const executor = this.#executors.get(output.executor);
          if (executor !== undefined) appendFlat(executor.out, output.flat);
          break;
        }
        case 'client': {
          const out = this.#clients.get(output.client);
          if (out !== undefined) appendFlat(out, output.flat);
          break;
        }
        case 'message':
          if (this.#resendAt === Number.POSITIVE_INFINITY)
            this.#resendAt = this.#options.env.clock.monotonic() + limits.resendMs;
          this.#mail.add(output);
          break;
        case 'received':
          this.#mail.add(output);
          break;
        default:
          output satisfies never;
      }
    }
    this.#planTurn();
  }

  #takeMail(part: Part, messages: readonly PeerMessage[]): void {
    if (!part.leading || this.#closing) return;
    for (let at = 0; at < messages.length; at += messagesPerStep)
      part.host.transact((tx) => {
        for (const message of messages.slice(at, at + messagesPerStep)) takePeerMessage(part.tasks, tx, message);
      });
    this.#planTurn();
  }

  #planTurn(): void {
    if (this.#turnPlanned) return;
    this.#turnPlanned = true;
    this.#options.soon(() => this.#turn());
  }

  #turn(): void {
    this.#turnPlanned = false;
    if (this.#closed) return;
    const now = this.#options.env.clock.now();
    let more = false;
    for (const { host, tasks, leading } of this.#parts) {
      if (!leading) continue;
      if (tasks.timers.nextDueAt <= host.now())
        host.transact((tx) => {
          more = fireTimers(tasks, tx, timersPerTurn) === timersPerTurn || more;
        });
    }
    if (this.#options.env.clock.monotonic() >= this.#resendAt) this.#resend();
    if (!this.#closing) {
      this.#silent.takeBack(this.#parts);
      dispatch(this.#parts, this.#executors, this.#round++);
    }
    for (const { host, tasks, leading } of this.#parts) {
      if (leading && !this.#closing)
        host.transact((tx) => {
          more = removeExpired(tasks, tx, removalsPerTurn) === removalsPerTurn || more;
        });
      host.endTurn();
    }
    this.#post();
    this.#armTimer(now);
    if (more) this.#planTurn();
  }

  /** The bus may have lost what nobody has acknowledged. */
  #resend(): void {
    let waiting = false;
    for (const { host, number, resender, leading } of this.#parts)
      if (leading)
        host.transact((tx) => {
          waiting = resender.sendAgain(tx, number, this.#parts.length, limits.resendMessagesMax) || waiting;
        });
    this.#resendAt = waiting ? this.#options.env.clock.monotonic() + limits.resendMs : Number.POSITIVE_INFINITY;
  }

  #post(): void {
    this.#mail.post();
    for (const [number, executor] of this.#executors) {
      if (executor.out.length === 0) continue;
      const out = executor.out;
      executor.out = [];
      this.#options.postToExecutor(number, out);
    }
    for (const [number, out] of this.#clients) {
      if (out.length === 0) continue;
      this.#clients.set(number, []);
      this.#options.postToClient(number, out);
    }
  }

  /** One timer for what is due next: tasks, or the checkpoint that follows quiet. */
  #armTimer(now: number): void {
    let next =
      now +
      Math.min(this.#options.checkpoints.checkpointIntervalMs, this.#resendAt - this.#options.env.clock.monotonic());
    // By record time; one that comes too early, because record time is slower for now, is armed again.
    for (const { tasks, host } of this.#parts) next = Math.min(next, now + tasks.timers.nextDueAt - host.now());
    if (this.#closing || (this.#cancelTimer !== undefined && this.#timerAt <= next && this.#timerAt > now)) return;
    this.#cancelTimer?.();
    this.#timerAt = next;
    this.#cancelTimer = this.#options.env.timers.after(Math.max(1, next - now), () => {
      this.#cancelTimer = undefined;
      this.#planTurn();
    });
  }
}
