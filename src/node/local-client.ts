/**
 * A client in the same process: it speaks to the state thread over a port, in flat arrays, one array a wake-up. Used by the
 * user's main thread, and by the node thread for the control socket.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Follower } from '../gateway/backend.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { ListFilter, LogLine, TaskEvent, TaskPage, TaskStatus } from '../protocol/task-view.ts';
import { appendFlat, type Flat, fromClient, toClient, toClientArity } from '../tasks/messages.ts';
import { decodeError, decodeValue, encodeValue } from '../values/codec.ts';
import { hash16 } from '../values/hash.ts';
import { hashOfTaskId, isTaskId, mintTaskId, taskIdRandomBytes, withHash } from '../values/task-id.ts';
import { collectPages, mergePages } from './task-pages.ts';

export type StartSpec = {
  /**
   * The task's id, where the caller has one: starting again under the same id attaches to the same task. With a key the hash
   * in it becomes that of the key. `REQUEST_EXPIRED` where that task may have been removed already.
   */
  readonly id?: string | undefined;
  readonly name: string;
  readonly input: string;
  readonly policy: string | undefined;
  readonly key: string | undefined;
  readonly delayMs: number;
  /** Does not wait for room (`hasRoom`): what the partition has no room for is refused with `OVERLOADED`. */
  readonly impatient?: boolean;
};

/** What it speaks over: a `MessagePort`, or what does the same. */
export type ClientPort = {
  on(event: 'message', take: (flat: Flat) => void): unknown;
  postMessage(flat: Flat): void;
  close(): void;
};

export type FollowOptions = {
  /** Index of the first log line that is wanted; default 0. */
  readonly fromLog?: number;
  /** Called when nothing comes any more: the task has ended, or (with an error, such as `TASK_NOT_FOUND`) cannot be followed. */
  readonly end?: (error?: Error) => void;
};

type Stream = Follower & { readonly id: string };

type Pending = {
  readonly resolve: (text: string) => void;
  readonly reject: (error: Error) => void;
  /** The message, kept while it may have to be sent again; undefined once it cannot be refused for load. */
  readonly message: Flat;
  /** A start that waits for room. */
  readonly patient: boolean;
  readonly forget: () => void;
  /** It was refused for load, and is sent again after a pause. */
  pauses: boolean;
};

/** The id of a task that is about to be started; `hash`: that of its key, where it has one. */
export const newTaskId = (env: Env, hash?: number): string => {
  const random = env.random.bytes(taskIdRandomBytes + 2);
  const drawn = ((random[taskIdRandomBytes] as number) << 8) | (random[taskIdRandomBytes + 1] as number);
  return mintTaskId(hash ?? drawn, env.clock.now(), random);
};

export class LocalClient {
  readonly #port: ClientPort;
  readonly #env: Env;
  readonly #partitions: number;
  readonly #pending = new Map<number, Pending>();
  readonly #streams = new Map<number, Stream>();
  readonly #waitingStarts: (() => void)[] = [];
  #startsUnderWay = 0;
  #out: Flat = [];
  #flushPlanned = false;
  #nextRequest = 1;
  #closed: Error | undefined;

  constructor(port: ClientPort, partitions: number, env: Env) {
    this.#port = port;
    this.#partitions = partitions;
    this.#env = env;
    port.on('message', (flat: Flat) => this.#receive(flat));
  }

  /** Fewer starts are under way than may be. */
  get hasRoom(): boolean {
    return this.#startsUnderWay < limits.clientStartsMax;
  }

  /** Starts a task; settles with its id once it is durable. The id is the other task's where a key attaches to one. */
  async start(spec: StartSpec): Promise<string> {
    while (spec.impatient !== true && this.#startsUnderWay >= limits.clientStartsMax)
      await new Promise<void>((resolve) => this.#waitingStarts.push(resolve));
    this.#startsUnderWay++;
    try {
      return decodeValue(await this.#startMessage(spec, 0)) as string;
    } finally {
      this.#startsUnderWay--;
      this.#waitingStarts.shift()?.();
    }
  }

  /**
   * Starts a task and settles with the text of its result; rejects with its error. Where `signal` gives up the wait it rejects
   * with the signal's reason: the task may have been started all the same.
   */
  run(spec: StartSpec, signal?: AbortSignal): Promise<string> {
    return this.#startMessage(spec, 1, signal);
  }

  /** The text of a task's result, when it is there; rejects with its error, or with the reason of `signal`. */
  wait(id: string, signal?: AbortSignal): Promise<string> {
    return this.#ask(fromClient.wait, [this.#checked(id)], signal);
  }

  async status(id: string): Promise<TaskStatus | undefined> {
    return decodeValue(await this.statusText(id)) as TaskStatus | undefined;
  }

  /** Text of a `TaskStatus`, or of undefined. */
  statusText(id: string): Promise<string> {
    return this.#ask(fromClient.status, [this.#checked(id)]);
  }

  /** The text of a `TaskDetail`, or of undefined, with the steps from `fromStep` on. */
  detailText(id: string, fromStep = 0): Promise<string> {
    return this.#ask(fromClient.detail, [this.#checked(id), fromStep]);
  }

  /** Tasks, newest first: as many as the filter's limit says, in as many requests as it takes. */
  list(filter: ListFilter = {}): Promise<readonly TaskStatus[]> {
    return collectPages((page) => this.listPage(page), filter);
  }

  /** One page of tasks; go on with its cursor. */
  async listPage(filter: ListFilter = {}): Promise<TaskPage> {
    return decodeValue(await this.listPageText(encodeValue(filter))) as TaskPage;
  }

  /** The text of a page, for the text of a filter. */
  async listPageText(filter: string): Promise<string> {
    const asked = Array.from({ length: this.#partitions }, (_, number) => this.#ask(fromClient.list, [number, filter]));
    const texts = await Promise.all(asked);
    if (texts.length === 1) return texts[0] as string;
    const limit = (decodeValue(filter) as ListFilter | undefined)?.limit ?? limits.listPageMax;
    return encodeValue(
      mergePages(
        texts.map((text) => decodeValue(text) as TaskPage),
        limit,
      ),
    );
  }

  async cancel(id: string): Promise<void> {
    await this.#ask(fromClient.cancel, [this.#checked(id)]);
  }

  /** Runs a failed or cancelled task again; a repeat under the same request id is answered as the first was. */
  async retry(id: string, requestId?: string): Promise<void> {
    await this.#ask(fromClient.retry, [this.#checked(id), requestId]);
  }

  /** All lines from the one with index `from` on. */
  async logs(id: string, from = 0): Promise<readonly LogLine[]> {
    const lines: LogLine[] = [];
    for (;;) {
      const text = await this.logsText(id, from + lines.length);
      const page = decodeValue(text) as LogLine[];
      lines.push(...page);
      if (page.length < limits.logPageLines && text.length < limits.logPageChars) return lines;
    }
  }

  /** Text of an array of `LogLine`: a page of those from index `from` on, empty if there are none. */
  logsText(id: string, from: number): Promise<string> {
    return this.#ask(fromClient.logs, [this.#checked(id), from]);
  }

  /** Calls `take` for each event of a task, the recorded ones first, until it has ended or the returned function is called. */
  follow(id: string, take: (event: TaskEvent) => void, options: FollowOptions = {}): () => void {
    const { fromLog = 0, end = () => undefined } = options;
    return this.followText(id, fromLog, { take: (text) => take(decodeValue(text) as TaskEvent), end });
  }

  /** As `follow`, with the events as texts, and the log lines from index `fromLog` on. Neither function is called before it returns. */
  followText(id: string, fromLog: number, follower: Follower): () => void {
    const request = this.#nextRequest++;
    if (this.#closed !== undefined) {
      const reason = this.#closed;
      process.nextTick(() => follower.end(reason));
      return () => undefined;
    }
    this.#streams.set(request, { ...follower, id });
    this.#send([fromClient.follow, request, id, fromLog]);
    return () => {
      if (this.#streams.delete(request)) this.#send([fromClient.giveUp, request, id, undefined, undefined]);
    };
  }

  /** Calls `take` now and then, when tasks have changed, until the returned function is called; `end` when nothing comes any more. */
  changes(take: () => void, end: (reason: Error) => void): () => void {
    if (this.#closed !== undefined) {
      process.nextTick(end, this.#closed);
      return () => undefined;
    }
    const request = this.#nextRequest++;
    this.#streams.set(request, { take, end: (reason) => end(reason as Error), id: '' });
    this.#send([fromClient.changes, request, 1]);
    return () => {
      if (this.#streams.delete(request)) this.#send([fromClient.changes, request, 0]);
    };
  }

  /** Sends a task of the node's own through an executor; the milliseconds it took. Rejects with `NOT_READY` if that takes too long. */
  async canary(): Promise<number> {
    const tooLong = new AbortController();
    const began = this.#env.clock.monotonic();
    const cancel = this.#env.timers.after(limits.canaryMs, () =>
      tooLong.abort(new TuttiError('NOT_READY', `A canary task was not through within ${limits.canaryMs} ms.`)),
    );
    try {
      await this.#ask(fromClient.canary, [newTaskId(this.#env)], tooLong.signal);
      return this.#env.clock.monotonic() - began;
    } finally {
      cancel();
    }
  }

  /** Nothing more is sent; whatever waits is told why. */
  close(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const { reject, forget } of this.#pending.values()) {
      forget();
      reject(reason);
    }
    this.#pending.clear();
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    for (const { end } of streams) end(reason);
    for (const go of this.#waitingStarts.splice(0)) go();
    this.#port.close();
  }

  #checked(id: string): string {
    if (!isTaskId(id))
      throw new TuttiError('TASK_NOT_FOUND', `${JSON.stringify(id)} is no task id: ids have 26 characters.`, {
        details: { id },
      });
    return id;
  }

  #startMessage(spec: StartSpec, wait: 0 | 1, signal?: AbortSignal): Promise<string> {
    const hash = spec.key === undefined ? undefined : hash16(JSON.stringify([spec.name, spec.key]));
    const { id, name, input, policy, key, delayMs } = spec;
    if (id !== undefined) this.#checked(id);
    const named = id === undefined ? newTaskId(this.#env, hash) : withHash(id, hash ?? hashOfTaskId(id));
    const fields = [named, name, input, policy, key, delayMs, wait, id === undefined ? 0 : 1];
    return this.#ask(fromClient.start, fields, signal, spec.impatient !== true);
  }

  #ask(op: number, fields: readonly unknown[], signal?: AbortSignal, patient = false): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      signal?.throwIfAborted();
      const request = this.#nextRequest++;
      const message: Flat = [op, request, ...fields];
      const start = op === fromClient.start;
      const giveUp = (): void => {
        this.#pending.delete(request);
        const [id, name, , , key] = fields;
        this.#send([fromClient.giveUp, request, id, start ? name : undefined, start ? key : undefined]);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      const forget = (): void => signal?.removeEventListener('abort', giveUp);
      this.#pending.set(request, { resolve, reject, message, patient, forget, pauses: false });
      this.#send(message);
    });
  }

  /** Takes a request off the list, if it is on it. */
  #settled(request: number): Pending | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.forget();
    return pending;
  }

  #send(message: Flat): void {
    if (this.#closed !== undefined) {
      this.#settled(message[1] as number)?.reject(this.#closed);
      return;
    }
    appendFlat(this.#out, message);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    // After everything that is ready to run now: what it asks for goes out in the same array.
    process.nextTick(() => {
      this.#flushPlanned = false;
      const out = this.#out;
      this.#out = [];
      if (this.#closed === undefined) this.#port.postMessage(out);
    });
  }

  #receive(flat: Flat): void {
    for (let at = 0; at < flat.length; at += toClientArity[flat[at] as keyof typeof toClientArity] + 1) {
      const request = flat[at + 1] as number;
      const stream = this.#streams.get(request);
      if (flat[at] === toClient.event) stream?.take(flat[at + 2] as string);
      else if (stream === undefined) this.#answered(request, flat[at + 2] === 1, flat[at + 3] as string);
      else this.#paused(request, stream, flat[at + 2] === 1, flat[at + 3] as string);
    }
  }

  #answered(request: number, ok: boolean, text: string): void {
    const pending = this.#pending.get(request);
    if (pending === undefined) return;
    if (ok) this.#settled(request)?.resolve(text);
    else this.#refused(request, pending, decodeError(text));
  }

  /** A follow was answered: there is more to be had, or it is over. */
  #paused(request: number, { id, end }: Stream, ok: boolean, text: string): void {
    const next = ok ? decodeValue(text) : undefined;
    if (next !== undefined) {
      this.#send([fromClient.follow, request, id, next]);
      return;
    }
    this.#streams.delete(request);
    end(ok ? undefined : decodeError(text));
  }

  /** What was refused for load alone is asked again, under the same id, after the pause that the refusal names. */
  #refused(request: number, pending: Pending, error: Error): void {
    if (pending.patient && error instanceof TuttiError && error.code === 'OVERLOADED' && this.#closed === undefined) {
      // A refusal that comes twice is asked about once, or each round would be larger than the one before.
      if (pending.pauses) return;
      pending.pauses = true;
      this.#env.timers.after(Number(error.details.retryMs ?? limits.overloadedRetryMs), () => {
        pending.pauses = false;
        if (this.#pending.has(request)) this.#send(pending.message);
      });
      return;
    }
    this.#settled(request)?.reject(error);
  }
}
