/**
 * For tests: an ExecutorCore under a virtual clock, and the leader it talks to, played by the test. The leader keeps a
 * journal as the real one does, so that a test can drop an attempt at any moment and grant the task again.
 */

import { catalogueOf } from '../../app/catalogue-of-app.ts';
import { encodePolicy, policyOf } from '../../app/policy.ts';
import type { TaskDefinition } from '../../app/task.ts';
import type { Env } from '../../platform/env.ts';
import { entryState, type Flat, fromExecutor, fromExecutorArity, grantKind, toExecutor } from '../../tasks/messages.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from '../../values/codec.ts';
import { ExecutorCore } from './executor-core.ts';
import type { Watch } from './host.ts';
import { type FailedTask, Rehearsal } from './rehearsal.ts';

export class VirtualTime {
  nowMs = 1_000_000;
  private timers: { readonly atMs: number; readonly fire: () => void }[] = [];
  readonly env: Env = {
    clock: { now: () => this.nowMs, monotonic: () => this.nowMs },
    timers: {
      after: (delayMs, fire) => {
        const timer = { atMs: this.nowMs + delayMs, fire };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
    },
    random: { bytes: (count) => new Uint8Array(count), fraction: () => 0 },
    events: { emit: () => undefined },
  };

  get timersSet(): number {
    return this.timers.length;
  }

  /** Fires the next timer that is due by `untilMs`. False: there is none, and time is there. */
  fireNext(untilMs: number): boolean {
    let next: (typeof this.timers)[number] | undefined;
    for (const timer of this.timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    if (next === undefined || next.atMs > untilMs) {
      this.nowMs = untilMs;
      return false;
    }
    this.timers = this.timers.filter((other) => other !== next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.fire();
    return true;
  }
}

export type Message = {
  readonly op: keyof typeof fromExecutor;
  readonly n: number;
  readonly fields: readonly unknown[];
};

type Entry = { readonly key: string; readonly fingerprint: string; state: number; text: string; time: number };

const opNames = new Map(Object.entries(fromExecutor).map(([name, op]) => [op, name as keyof typeof fromExecutor]));

/** Entries of a task's journal, in the order in which results were recorded. */
class KeptJournal {
  readonly recorded: Entry[] = [];
  readonly pending: Entry[] = [];

  flat(): Flat | undefined {
    const entries = [...this.recorded, ...this.pending];
    if (entries.length === 0) return undefined;
    return entries.flatMap(({ key, fingerprint, state, text, time }) => [key, fingerprint, state, text, time]);
  }
}

export type GrantOptions = {
  readonly tries?: number;
  readonly solo?: boolean;
  readonly time?: number;
  readonly logCount?: number;
  readonly timeoutMs?: number;
  readonly id?: string;
  readonly chunk?: boolean;
  readonly journal?: Flat | undefined;
};

export class ScriptedLeader {
  readonly time = new VirtualTime();
  readonly core: ExecutorCore;
  private readonly receive: (flat: Flat) => void;
  /** Failures as they are told where tasks are rehearsed. */
  readonly failures: string[] = [];
  /** Everything that came, in order; wants apart. */
  readonly messages: Message[] = [];
  readonly flats: Flat[] = [];
  wanted = 0;
  /** Answer `stepRun` at once, as a leader with a fast log does. */
  confirmsRuns = true;
  /** Record time; one further with each result. */
  recordTime = 5_000;
  private readonly journals = new Map<number, KeptJournal>();
  private nextN = 1;

  constructor(
    exports: Readonly<Record<string, TaskDefinition>>,
    options: {
      readonly slots?: number;
      readonly watch?: Watch;
      readonly rehearses?: boolean;
      readonly keepsReports?: boolean;
    } = {},
  ) {
    const { env } = this.time;
    const app = catalogueOf(exports);
    const send = (_peer: number, flat: Flat): void => this.take(flat);
    const failed = ({ attempt }: FailedTask, text: string): void => {
      this.failures.push(`#${attempt}: ${decodeError(text).message}`);
    };
    const rehearsal = options.rehearses === true ? new Rehearsal({ env, app, send, failed }) : undefined;
    this.core = new ExecutorCore({ env, app, send: rehearsal?.said ?? send, ...options });
    this.receive = (flat) => (rehearsal === undefined ? this.core.receive(0, flat) : rehearsal.told(0, flat));
    rehearsal?.watch(this.core);
    this.core.addPeer(0);
  }

  private take(flat: Flat): void {
    this.flats.push(flat);
    for (let at = 0; at < flat.length; ) {
      const op = flat[at] as keyof typeof fromExecutorArity;
      const fields = flat.slice(at + 1, at + 1 + fromExecutorArity[op]);
      at += 1 + fromExecutorArity[op];
      if (op === fromExecutor.want) this.wanted += fields[0] as number;
      else this.heard({ op: opNames.get(op) as Message['op'], n: fields[2] as number, fields: fields.slice(3) });
    }
  }

  private heard(message: Message): void {
    this.messages.push(message);
    const { op, n, fields } = message;
    const journal = this.journals.get(n);
    if (journal === undefined) return;
    const [key, fingerprint] = fields as [string, string];
    if (op === 'stepRun') {
      const ok = fields[2] === 1;
      this.record(journal, key, fingerprint, ok, fields[3] as string);
      if (this.confirmsRuns) this.confirm(n, key);
    } else if (op.startsWith('step') || op === 'mapOpen') {
      if (!journal.pending.some((entry) => entry.key === key))
        journal.pending.push({ key, fingerprint, state: entryState.pending, text: '', time: 0 });
    }
  }

  private record(journal: KeptJournal, key: string, fingerprint: string, ok: boolean, text: string): void {
    const at = journal.pending.findIndex((entry) => entry.key === key);
    if (at >= 0) journal.pending.splice(at, 1);
    journal.recorded.push({
      key,
      fingerprint,
      state: ok ? entryState.ok : entryState.failed,
      text,
      time: this.recordTime++,
    });
  }

  /** Sends what is recorded of a step, in a turn of its own. */
  confirm(n: number, key: string): void {
    setImmediate(() => this.receive(this.resultFlat(n, key)));
  }

  private resultFlat(n: number, key: string): Flat {
    const entry = this.journals.get(n)?.recorded.find((recorded) => recorded.key === key);
    if (entry === undefined) throw new Error(`Nothing recorded of ${key}`);
    return [toExecutor.stepResult, 0, 7, n, key, entry.state === entryState.ok ? 1 : 0, entry.text, entry.time];
  }

  /** Grants several tasks without input in one flat array. */
  grantTogether(...names: readonly string[]): void {
    this.receive(names.flatMap((name) => this.grantFlat(name, undefined, {}).flat));
  }

  /** Grants an attempt of a task. `journalOf`: go on where that attempt stood. */
  grant(name: string, input: unknown, options: GrantOptions & { readonly journalOf?: number } = {}): number {
    const { n, flat } = this.grantFlat(name, input, options);
    this.receive(flat);
    return n;
  }

  private grantFlat(
    name: string,
    input: unknown,
    options: GrantOptions & { readonly journalOf?: number },
  ): { readonly n: number; readonly flat: Flat } {
    const n = this.nextN++;
    const kept =
      options.journalOf === undefined ? new KeptJournal() : (this.journals.get(options.journalOf) as KeptJournal);
    this.journals.set(n, kept);
    const definition = this.core.app.definitions.get(name);
    const policy = definition === undefined ? undefined : policyOf(definition);
    const text = options.chunk === true ? (input as string) : encodeValue(input);
    const flat = [
      toExecutor.grant,
      0,
      7,
      n,
      options.id ?? 'task-1',
      options.chunk === true ? grantKind.chunk : grantKind.task,
      name,
      text,
      options.tries ?? 0,
      options.solo === true ? 1 : 0,
      options.time ?? 1_000,
      options.logCount ?? 0,
      options.timeoutMs ?? 0,
      policy === undefined ? undefined : encodePolicy(policy),
      options.journal ?? kept.flat(),
    ];
    return { n, flat };
  }

  grantChunk(
    name: string,
    from: number,
    items: readonly unknown[],
    options: GrantOptions & { readonly collect?: boolean; readonly journalOf?: number } = {},
  ): number {
    const text = `{"from":${from},"collect":${options.collect === true ? 1 : 0},"items":${encodeValue(items)}}`;
    return this.grant(name, text, { ...options, chunk: true });
  }

  /** Records and sends the result of a step. */
  result(n: number, key: string, value: unknown): void {
    this.outcome(n, key, true, encodeValue(value));
  }

  failure(n: number, key: string, error: unknown): void {
    this.outcome(n, key, false, encodeError(error));
  }

  private outcome(n: number, key: string, ok: boolean, text: string): void {
    const journal = this.journals.get(n) as KeptJournal;
    const fingerprint = journal.pending.find((entry) => entry.key === key)?.fingerprint ?? '';
    this.record(journal, key, fingerprint, ok, text);
    this.receive(this.resultFlat(n, key));
  }

  send(...flat: Flat): void {
    this.receive(flat);
  }

  cancel(n: number): void {
    this.send(toExecutor.cancel, 0, 7, n, 'cancelled');
  }

  /** Messages of one kind, of one attempt or of all. */
  of(op: Message['op'], n?: number): Message[] {
    return this.messages.filter((message) => message.op === op && (n === undefined || message.n === n));
  }

  /** The keys of the steps reported, with the kind of report. */
  steps(n?: number): string[] {
    return this.messages
      .filter(({ op, n: of }) => (op.startsWith('step') || op === 'mapOpen') && (n === undefined || n === of))
      .map(({ fields }) => fields[0] as string);
  }

  /** What the attempt gave; undefined while it has not. */
  done(n: number): unknown {
    const message = this.of('done', n)[0];
    return message === undefined ? undefined : decodeValue(message.fields[0] as string);
  }

  failed(n: number): { readonly error: Error; readonly retryable: boolean } | undefined {
    const message = this.of('failed', n)[0];
    return message === undefined
      ? undefined
      : { error: decodeError(message.fields[0] as string), retryable: message.fields[1] === 1 };
  }

  /** Lets everything run that can run without time passing. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Waits for something that depends on real time, in a test whose task waits for a real timer. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass, and everything run that it wakes. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.time.nowMs + ms;
    await this.settle();
    while (this.time.fireNext(untilMs)) await this.settle();
    await this.settle();
  }
}
