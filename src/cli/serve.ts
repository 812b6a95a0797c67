/**
 * `tutti serve`: a node with its gateway in a process that is started again when it crashes. JSON lines on stderr, nothing on
 * stdout.
 *
 * States: starting → ready → (crashed → starting → ready)* → draining → ended. What goes wrong before the first `ready` ends it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { LogLevel } from '../node/options.ts';
import { createLog, type Log } from '../observe/log.ts';
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
  new Serve(request, createLog(logLevel)).go();

class Serve {
  #request: OpenRequest;
  readonly #log: Log;
  readonly #stopped = new AbortController();
  #child: Child<FromServeChild, ToServeChild> | undefined;
  #signal: Signal | undefined;
  #killed = false;
  #drained = false;
  #wasReady = false;
  #readyAt = 0;
  #failure: Error | undefined;

  constructor(request: OpenRequest, log: Log) {
    this.#request = request;
    this.#log = log;
  }

  async go(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal as Signal);
    for (const signal of Object.keys(signals)) process.on(signal, onSignal);
    try {
      for (let crashes = 0; ; ) {
        const death = await this.#runChild();
        if (this.#signal !== undefined) return this.#ended(this.#signal);
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

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
  }

  #runChild(): Promise<Death> {
    this.#failure = undefined;
    const child = new Child<FromServeChild, ToServeChild>(childEntries.serve, {
      message: (message) => this.#receive(message),
      output: (line) => this.#output(line),
    });
    this.#child = child;
    child.tell(this.#request);
    return child.ended;
  }

  #receive(message: FromServeChild): void {
    switch (message.kind) {
      case 'ready': {
        this.#wasReady = true;
        this.#readyAt = performance.now();
        const { url, port, tasks, unfinished } = message;
        // Another process serves where this one did.
        this.#request = { ...this.#request, gateway: { ...this.#request.gateway, port } };
        this.#log.info({ url, data: this.#request.node.data, tasks, unfinished }, 'serving');
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
    this.#child?.tell({ kind: 'close' });
    this.#child?.endWithin(drainMaxMs);
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
