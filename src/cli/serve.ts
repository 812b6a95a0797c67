/**
 * `tutti serve`: a node with its gateway in a process that is started again when it crashes. JSON lines on stderr, nothing on
 * stdout.
 *
 * States: starting → ready → (crashed → starting → ready)* → draining → ended. What goes wrong before the first `ready` ends it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ServerTroubles } from '../cluster/server-troubles.ts';
import type { LogLevel } from '../node/options.ts';
import { createLog, type Log } from '../observe/log.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import { decodeError } from '../values/codec.ts';
import { Child, type Death } from './child.ts';
import { childEntries } from './child-entries.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import type { FromServeChild, OpenRequest, ToServeChild } from './serve-protocol.ts';

const signals = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated, SIGHUP: 129 } as const;
type Signal = keyof typeof signals;

const drainMaxMs = 15_000;
const crashesInARowMax = 20;
const pauseFirstMs = 100;
const pauseMaxMs = 5_000;
/** One that has lived so long has not crashed in a row. */
const steadyMs = 60_000;

export const serve = (request: OpenRequest, logLevel: LogLevel): Promise<number> =>
  new Serve(createLog(logLevel), async () => request).go();

export class Serve {
  readonly #prepare: (signal: AbortSignal) => Promise<OpenRequest>;
  #request: OpenRequest | undefined;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #child: Child<FromServeChild, ToServeChild> | undefined;
  #signal: Signal | undefined;
  readonly #troubles = new ServerTroubles();
  #killed = false;
  #drained = false;
  #wasReady = false;
  #readyAt = 0;
  #failure: Error | undefined;

  /** No node runs, or is to run, until `goOn`. */
  #resting = false;
  #rested = Promise.withResolvers<void>();
  #woken = Promise.withResolvers<void>();

  /** `prepare` sees to what the node needs, and says how it is opened; its signal aborts when the process is told to stop. */
  constructor(log: Log, prepare: (signal: AbortSignal) => Promise<OpenRequest>) {
    this.#log = log;
    this.#prepare = prepare;
  }

  /** Has the node give away what it holds and end; settles when it has. Another one begins with `goOn`. */
  rest(): Promise<void> {
    if (!this.#resting) {
      this.#resting = true;
      this.#rested = Promise.withResolvers();
      this.#woken = Promise.withResolvers();
      this.#closeChild();
    }
    return this.#rested.promise;
  }

  goOn(): void {
    this.#resting = false;
    this.#woken.resolve();
  }

  /** Another certificate, for its gateway and those to come. */
  renewTls(tls: { readonly cert: string; readonly key: string }): void {
    if (this.#request === undefined || this.#request.gateway.tls === undefined) return;
    this.#request = { ...this.#request, gateway: { ...this.#request.gateway, tls } };
    this.#child?.tell({ kind: 'renewed', tls });
  }

  /** The NATS server beside the node has told of this: the node shows it, and so does one that begins soon after. */
  serverTrouble(trouble: ServerTrouble): void {
    this.#troubles.told(trouble, performance.now());
    this.#child?.tell({ kind: 'serverTrouble', trouble });
  }

  /** Ends as SIGTERM has it end. */
  end(): void {
    if (this.#signal === undefined) this.#stop('SIGTERM');
  }

  async go(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal as Signal);
    for (const signal of Object.keys(signals)) process.on(signal, onSignal);
    try {
      try {
        this.#request = await this.#prepare(this.#stopped.signal);
      } catch (error) {
        if (this.#signal !== undefined) return exitCode.ok;
        throw error;
      }
      for (let crashes = 0; ; ) {
        if (this.#resting) await this.#rest();
        if (this.#signal !== undefined) return exitCode.ok;
        const death = await this.#runChild(this.#request);
        if (this.#signal !== undefined) return this.#ended(this.#signal);
        if (this.#resting) continue;
        if (!this.#wasReady) return this.#refused(death);
        if (performance.now() - this.#readyAt > steadyMs) crashes = 0;
        this.#log.error({ how: this.#failure?.message ?? death.text }, 'the process that runs the node ended');
        if (++crashes >= crashesInARowMax)
          return this.#failure === undefined ? exitCode.failed : exitCodeOf(this.#failure);
        await this.#pause(Math.min(pauseFirstMs * 2 ** crashes, pauseMaxMs));
        if (this.#signal !== undefined) return exitCode.ok;
      }
    } finally {
      for (const signal of Object.keys(signals)) process.off(signal, onSignal);
    }
  }

  async #rest(): Promise<void> {
    this.#log.info({}, 'the node holds nothing');
    this.#rested.resolve();
    await Promise.race([
      this.#woken.promise,
      new Promise<void>((resolve) => this.#stopped.signal.addEventListener('abort', () => resolve(), { once: true })),
    ]);
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }

  #closeChild(): void {
    this.#child?.tell({ kind: 'close' });
    this.#child?.endWithin(drainMaxMs);
  }

  #runChild(request: OpenRequest): Promise<Death> {
    this.#failure = undefined;
    const child = new Child<FromServeChild, ToServeChild>(childEntries.serve, {
      message: (message) => this.#receive(message),
      output: (line) => this.#output(line),
    });
    this.#child = child;
    child.tell(request);
    for (const trouble of this.#troubles.lately(performance.now())) child.tell({ kind: 'serverTrouble', trouble });
    return child.ended;
  }

  #receive(message: FromServeChild): void {
    switch (message.kind) {
      case 'ready': {
        this.#wasReady = true;
        this.#readyAt = performance.now();
        const { url, port, tasks, unfinished } = message;
        const request = this.#request as OpenRequest;
        // Another process serves where this one did.
        this.#request = { ...request, gateway: { ...request.gateway, port } };
        this.#log.info({ url, data: request.node.data, tasks, unfinished }, 'serving');
        break;
      }
      case 'failed':
        this.#failure = decodeError(message.error);
        this.#child?.endWithin(drainMaxMs);
        break;
      case 'closed':
        this.#drained = true;
        break;
      case 'scouted':
        break;
      default:
        message satisfies never;
    }
  }

  /** What the node logs is JSON already; what the app prints becomes the message of a line. */
  #output(line: string): void {
    if (line.startsWith('{"level":')) process.stderr.write(`${line}\n`);
    else this.#log.info({ from: 'app' }, line);
  }

  #stop(signal: Signal): void {
    if (this.#signal !== undefined) {
      this.#killed = true;
      this.#child?.kill();
      return;
    }
    this.#signal = signal;
    this.#log.info({ signal }, 'stopping; once more ends it at once');
    this.#stopped.abort();
    this.#closeChild();
  }

  #ended(signal: Signal): number {
    this.#log.info({ drained: this.#drained }, 'stopped');
    return this.#drained && !this.#killed ? exitCode.ok : signals[signal];
  }

  /** It could not start. */
  #refused(death: Death): number {
    if (this.#failure === undefined) {
      this.#log.fatal({ how: death.text }, 'the process that runs the node ended before it was ready');
      return exitCode.failed;
    }
    this.#log.fatal({ code: Reflect.get(this.#failure, 'code') as unknown }, this.#failure.message);
    return exitCodeOf(this.#failure);
  }
}
