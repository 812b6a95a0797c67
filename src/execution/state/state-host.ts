/**
 * The partitions of a thread with their tasks, between clients, executors and other partitions: what comes from them becomes
 * steps, what steps let out is sent on, once a turn and in one array for each receiver. What is decided is decided in `tasks/`.
 *
 * - H1: a part takes messages only while it leads and has taken over its tasks; one that has failed takes none.
 * - H2: what an executor reports counts once it has said what it runs, where a new leader has asked it (`roll-call.ts`). What it had told
 *   leaders before, and tells again with that, counts first.
 *
 * It does not say which partitions are led here: that is its owner's to know (`open`, or `follow`, `claim`, `handOver`, `drop`).
 */
import { limits } from '../../limits.ts';
import type { PeerMessage } from '../../partition/outbox.ts';
import { executorsLost } from '../../tasks/blame.ts';
import { claimTasks } from '../../tasks/claim.ts';
import { executorLost, type Loss } from '../../tasks/grant.ts';
import type { TaskOutput } from '../../tasks/leader.ts';
import { executorMessageLength, fireTimers, takeExecutorMessage, takePeerMessage } from '../../tasks/machine.ts';
import { appendFlat, type Flat, fromExecutor, toClient } from '../../tasks/messages.ts';
import { removeExpired } from '../../tasks/retention.ts';
import { forgetClient } from '../../tasks/waiters.ts';
import type { AttemptName } from '../executor/control.ts';
import { ChangeNotices } from './change-notices.ts';
import { dispatch, ExecutorTurns } from './dispatch.ts';
import { type Executor, ExecutorTable } from './executor-table.ts';
import { FinishedTasks } from './finished-tasks.ts';
import { takeRequests } from './intake.ts';
import { ownCanaryPartition } from './own-canary.ts';
import { openPart, type Part } from './part.ts';
import { fenced, PartTable } from './part-table.ts';
import { PeerMail } from './peer-mail.ts';
import { messagesPerStep, takeReports } from './reports.ts';
import { RollCalls } from './roll-call.ts';
import { SilentExecutors } from './silence.ts';
import type { StateHostOptions } from './state-host-options.ts';

const timersPerTurn = 1_000;
const removalsPerTurn = 256;

export class StateHost {
  readonly #options: StateHostOptions;
  readonly #parts = new PartTable((number, begin) => this.#openPart(number, begin));
  readonly #table: ExecutorTable;
  readonly #executors: ReadonlyMap<number, Executor>;
  readonly #rollCalls: RollCalls;
  readonly #silent: SilentExecutors;
  readonly #clients = new Map<number, Flat>();
  readonly #mail: PeerMail;
  readonly #turns = new ExecutorTurns();
  readonly #notices: ChangeNotices;
  readonly #finished: FinishedTasks;
  #turnPlanned = false;
  #closing = false;
  #closed = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** When messages that no partition has acknowledged are sent again; infinite while all are. */
  #resendAt = Number.POSITIVE_INFINITY;
  #round = 0;

  constructor(options: StateHostOptions) {
    this.#options = options;
    this.#table = new ExecutorTable(options.slots ?? limits.slotsPerExecutor);
    this.#executors = this.#table.all;
    this.#silent = new SilentExecutors(this.#executors);
    this.#mail = new PeerMail(options.bus);
    this.#finished = new FinishedTasks(options);
    this.#notices = new ChangeNotices(options.env, this.#clients, () => this.#planTurn());
    this.#rollCalls = new RollCalls(this.#executors, options, () => this.#planTurn());
  }

  /** Leads all partitions. Throws `CLOSED` if it is closed meanwhile. */
  async open(): Promise<void> {
    const led: (() => Promise<void>)[] = [];
    for (let number = 0; number < this.#options.partitions; number++)
      led.push(await this.#parts.lead(number, this.#options.previousEnd));
    await Promise.all(led.map((each) => each()));
  }

  /**
   * Leads a partition, once its log was read and its tasks are taken over. `previousEnd`: how the process of the leader before
   * ended, where it did. Throws why it cannot (`LOG_FENCED`, `LOG_DAMAGED` …), `CLOSED` if it is closed or dropped meanwhile.
   */
  async claim(number: number, previousEnd: string | undefined): Promise<void> {
    const led = await this.#parts.lead(number, previousEnd);
    await led();
  }

  /** Follows the log of a partition, so as to be ready to lead it. */
  follow(number: number): Promise<void> {
    return this.#parts.follow(number);
  }

  /** Gives a partition that is led here to another node: `onHandingOver` tells when it begins, `onHandedOver` when it is given. */
  handOver(number: number, to: string): void {
    this.#parts.get(number)?.host.handOver(to);
  }

  /** Lets go of a partition: it is flushed as far as it can be, and can be claimed again once this has settled. */
  async drop(number: number): Promise<void> {
    await this.#parts.drop(number);
    this.#mail.ignore(number);
  }

  async #openPart(number: number, begin: 'lead' | 'follow'): Promise<Part> {
    return openPart(number, begin, this.#options, {
      executors: (name) => Math.max(1, this.#table.count(name)),
      takeExecutor: (name) => (this.#closing ? undefined : this.#turns.take(this.#executors, name)),
      anyExecutor: () => this.#turns.any(this.#executors),
      functionSets: () => this.#table.functionSets,
      functionsOf: (executor) => this.#table.functionsOf(executor),
      release: (outputs) => this.#release(outputs),
      onLeading: (epoch) => this.#lead(number, epoch),
      onFenced: () => this.#failed(number, fenced(number)),
      onBeaten: () => this.#parts.settle(number, fenced(number)),
      onFailed: (error) => this.#failed(number, error),
      onProgress: () => this.#planTurn(),
      onHandingOver: () => {
        this.#parts.ends(number);
        this.#options.onHandingOver?.(number);
      },
      onHandedOver: (to) => this.#options.onHandedOver?.(number, to),
      onGaveAway: (to) => this.#options.onHandedOver?.(number, to),
    });
  }

  /**
   * An executor that has loaded an app with these tasks can be given work. `fresh`: it is of this node, and has never run anything; one
   * of another node may still run what an earlier leader gave it, and is asked.
   */
  addExecutor(executor: number, names: readonly string[], away: readonly string[] = [], fresh = true): void {
    this.#table.add(executor, names, away, !fresh);
    if (!fresh) for (const part of this.#parts.values()) if (part.leading) this.#rollCalls.ask(part, executor);
    this.#planTurn();
  }

  /** An executor is gone; what it held is queued again. `guilty`: the attempt that ended it, where known. */
  removeExecutor(executor: number, guilty: AttemptName | undefined, loss: Loss): void {
    this.#forget(executor);
    for (const part of this.#parts.values()) {
      if (!part.leading) continue;
      const named = guilty === undefined ? undefined : guilty.partition === part.number ? guilty : { epoch: -1, n: -1 };
      part.host.transact((tx) => executorLost(part.tasks, tx, executor, named, loss));
    }
    this.#planTurn();
  }

  /** A process with these executors has ended, or (`what` undefined) cannot be reached. */
  removeExecutors(executors: readonly number[], what: string | undefined): void {
    const gone = new Set(executors);
    for (const executor of executors) this.#forget(executor);
    for (const part of this.#parts.values())
      if (part.leading) part.host.transact((tx) => executorsLost(part.tasks, tx, gone, what));
    this.#planTurn();
  }

  #forget(executor: number): void {
    this.#table.remove(executor);
    this.#silent.gone(executor);
    for (const part of this.#parts.values()) this.#rollCalls.gone(part, executor);
  }

  /**
   * An executor does not answer: it gets nothing more until it does, and what waits behind `running` goes to others. `kept`: some code of
   * a task is why.
   */
  executorBusy(executor: number, running: AttemptName | undefined, kept: boolean): void {
    this.#silent.fellSilent(executor, running, kept, this.#parts.values());
    this.#table.renew();
    for (const part of this.#parts.values()) this.#rollCalls.silent(part, executor, running);
    this.#planTurn();
  }

  executorAnswers(executor: number): void {
    this.#silent.answers(executor);
    this.#table.renew();
    this.#planTurn();
  }

  addClient(client: number): void {
    this.#clients.set(client, []);
  }

  /** It is told nothing more, and what it waited for is given up. */
  removeClient(client: number): void {
    this.#clients.delete(client);
    this.#notices.forget(client);
    for (const { tasks } of this.#parts.values()) forgetClient(tasks, client);
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
      const part = this.#parts.get(flat[at + 1] as number);
      const length = executorMessageLength(flat, at);
      const early = part?.unanswered.has(executor) === true;
      if (part === undefined || !part.leading || early || flat[at] === fromExecutor.runs) {
        if (part !== undefined && flat[at] === fromExecutor.runs) this.#rollCalls.answered(part, executor, flat, at);
        else if (flat[at + 1] === ownCanaryPartition) this.#options.onCanary?.(executor);
        at += length;
        continue;
      }
      at = takeReports(part, executor, flat, at, takeExecutorMessage);
    }
    this.#planTurn();
  }

  fromClient(client: number, flat: Flat): void {
    takeRequests(
      client,
      flat,
      this.#options,
      (number) => this.#parts.get(number),
      (request, error) => this.#clients.get(client)?.push(toClient.reply, request, 0, error),
      (request, on) => this.#notices.ask(client, request, on),
    );
    this.#planTurn();
  }

  #failed(number: number, error: unknown): void {
    this.#parts.ends(number);
    this.#parts.settle(number, error);
    this.#options.onFailed(number, error);
  }

  /** What is open here. */
  get parts(): Pick<PartTable, 'get' | 'values'> {
    return this.#parts;
  }

  /** Stops granting, gives back what executors hold without blame, and flushes. Executors must have ended. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#finished.close();
    await this.#parts.quiet();
    for (const executor of [...this.#executors.keys()]) this.removeExecutor(executor, undefined, { kind: 'returned' });
    this.#turn();
    await Promise.all([...this.#parts.values()].map((part) => part.host.close()));
    this.#closed = true;
    this.#notices.close();
    this.#cancelTimer?.();
  }

  /** The host of a partition may reach leadership before the partition is listed. */
  #lead(number: number, epoch: number): void {
    this.#options.soon(() => {
      const part = this.#parts.get(number);
      if (part === undefined || part.host.core.epoch !== epoch || part.host.core.role !== 'leading') return;
      this.#takeOver(part);
    });
  }

  #takeOver(part: Part): void {
    const { epoch } = part.host.core;
    // Who does not lead has no use for it.
    this.#mail.receive(part.number, (messages) => this.#takeMail(part, messages));
    part.host.transact((tx) => claimTasks(part.tasks, tx, epoch, part.previousEnd));
    part.leading = true;
    this.#options.env.events.emit('partition.leading', { partition: part.number, epoch, tasks: part.tasks.alive });
    this.#rollCalls.begin(part);
    this.#finished.collect(part);
    this.#planTurn();
    this.#parts.settle(part.number, undefined);
    this.#options.onLeading?.(part.number, epoch);
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
        case 'received':
          if (output.kind === 'message' && this.#resendAt === Number.POSITIVE_INFINITY)
            this.#resendAt = this.#options.env.clock.monotonic() + limits.resendMs;
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
    const parts = [...this.#parts.values()];
    for (const { host, tasks, leading } of parts) {
      if (!leading) continue;
      if (tasks.timers.nextDueAt <= host.now())
        host.transact((tx) => {
          more = fireTimers(tasks, tx, timersPerTurn) === timersPerTurn || more;
        });
    }
    if (this.#options.env.clock.monotonic() >= this.#resendAt) this.#resend();
    if (!this.#closing) {
      this.#silent.takeBack(parts);
      more = dispatch(parts, this.#executors, this.#round++) || more;
    }
    for (const { host, tasks, leading } of parts) {
      if (leading && !this.#closing)
        host.transact((tx) => {
          more = removeExpired(tasks, tx, removalsPerTurn) === removalsPerTurn || more;
        });
      host.endTurn();
    }
    this.#notices.turn(parts);
    this.#post();
    this.#armTimer(now);
    if (more) this.#planTurn();
  }

  /** The bus may have lost what nobody has acknowledged. */
  #resend(): void {
    let waiting = false;
    for (const { host, number, resender, leading } of this.#parts.values())
      if (leading)
        host.transact((tx) => {
          waiting = resender.sendAgain(tx, number, this.#options.partitions, limits.resendMessagesMax) || waiting;
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
    for (const { tasks, host, leading } of this.#parts.values())
      if (leading) next = Math.min(next, now + tasks.timers.nextDueAt - host.now());
    if (this.#closing || (this.#cancelTimer !== undefined && this.#timerAt <= next && this.#timerAt > now)) return;
    this.#cancelTimer?.();
    this.#timerAt = next;
    this.#cancelTimer = this.#options.env.timers.after(Math.max(1, next - now), () => {
      this.#cancelTimer = undefined;
      this.#planTurn();
    });
  }
}
