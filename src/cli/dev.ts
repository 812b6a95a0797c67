/**
 * `tutti dev`: a node with its gateway that follows the code of its app. Each version of the code has a process of its own:
 *
 *   scouting ──(loads)──► the one that serves is closed ──► opening ──► serving ──(a file is saved)──► …
 *      └──(does not)──► told; the one that serves goes on, if there is one, and the next save is tried
 *
 * D1. What serves is closed, never killed, so that no task is blamed for an edit.
 * D2. An error in the app ends nothing. Before the first `ready`, what is no fault of the app (a held folder) ends the command.
 */
import { relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isTuttiError } from '../errors/tutti-error.ts';
import { decodeError } from '../values/codec.ts';
import { Child, type Death } from './child.ts';
import { childEntries } from './child-entries.ts';
import { outputLines, restartedLines, startedLines } from './dev-text.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { FileWatch } from './file-watch.ts';
import { type ErrorRendering, renderError } from './render-error.ts';
import type { FromServeChild, OpenRequest, ToServeChild } from './serve-protocol.ts';
import type { Shell } from './shell.ts';

const signals = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated, SIGHUP: 129 } as const;
type Signal = keyof typeof signals;

const closeMaxMs = 10_000;
const afterCrashMs = 500;
const ofApp: ReadonlySet<string> = new Set(['APP_LOAD', 'APP_INVALID', 'APP_MISMATCH']);

export const dev = (app: string, request: OpenRequest, shell: Shell): Promise<number> =>
  new Dev(app, request, shell).go();

/** A process, and with it the code as it is when it looks at it first. */
class Version {
  readonly child: Child<FromServeChild, ToServeChild>;
  /** When the change was seen that brought it about. */
  changedAt = 0;
  failure: Error | undefined;

  constructor(receive: (version: Version, message: FromServeChild) => void, output: (line: string) => void) {
    this.child = new Child(childEntries.serve, { message: (message) => receive(this, message), output });
  }
}

class Dev {
  readonly #app: string;
  readonly #shell: Shell;
  readonly #how: ErrorRendering;
  readonly #watch: FileWatch;
  readonly #result = Promise.withResolvers<number>();
  #request: OpenRequest;
  #files: readonly string[];
  #next: Version | undefined;
  #serving: Version | undefined;
  /** Has seen no code yet: begun while there is time for it. */
  #spare: Version | undefined;
  /** Settles when the one that served before is gone. */
  #retired: Promise<unknown> = Promise.resolve();
  #url: string | undefined;
  #signal: Signal | undefined;

  constructor(app: string, request: OpenRequest, shell: Shell) {
    this.#app = app;
    this.#request = request;
    this.#shell = shell;
    const { logLevel } = request.node;
    this.#how = { style: shell.talkStyle, cwd: shell.cwd, debug: logLevel === 'debug' || logLevel === 'trace' };
    this.#files = [fileURLToPath(request.app)];
    this.#watch = new FileWatch((files) => this.#changed(files));
  }

  async go(): Promise<number> {
    const onSignal = (signal: NodeJS.Signals): void => this.#stop(signal as Signal);
    for (const signal of Object.keys(signals)) process.on(signal, onSignal);
    try {
      this.#watch.watch(this.#files);
      this.#scout();
      return await this.#result.promise;
    } finally {
      this.#watch.close();
      for (const signal of Object.keys(signals)) process.off(signal, onSignal);
    }
  }

  #changed(files: readonly string[]): void {
    if (this.#signal !== undefined) return;
    this.#say([`${this.#how.style.dim('changed')} ${files.map((file) => relative(this.#shell.cwd, file)).join(', ')}`]);
    this.#scout();
  }

  /** Looks whether the code loads, in the process that is to run it. */
  #scout(): void {
    this.#next?.child.kill();
    const version = this.#spare ?? this.#newVersion();
    this.#spare = undefined;
    version.changedAt = performance.now();
    this.#next = version;
    version.child.tell({ kind: 'scout', app: this.#request.app });
  }

  #newVersion(): Version {
    const version = new Version(
      (from, message) => this.#receive(from, message),
      (line) => this.#say(outputLines(line, this.#how)),
    );
    void version.child.ended.then((death) => this.#ended(version, death));
    return version;
  }

  #receive(version: Version, message: FromServeChild): void {
    switch (message.kind) {
      case 'scouted':
        if (version === this.#next) this.#scouted(version, message.files, message.error);
        break;
      case 'ready':
        if (version === this.#serving) this.#ready(version, message);
        break;
      case 'failed':
        version.failure = decodeError(message.error);
        version.child.endWithin(closeMaxMs);
        break;
      case 'closed':
        break;
      default:
        message satisfies never;
    }
  }

  #scouted(version: Version, files: readonly string[], error: string | undefined): void {
    // Of what does not load the imports behind the error are not known: those that were are watched on.
    this.#files = error === undefined ? [this.#files[0] as string, ...files] : [...this.#files, ...files];
    this.#watch.watch([...new Set(this.#files)]);
    if (error === undefined) void this.#replace(version);
    else {
      this.#next = undefined;
      version.child.kill();
      this.#broken(decodeError(error));
    }
  }

  async #replace(version: Version): Promise<void> {
    const old = this.#serving;
    this.#serving = undefined;
    if (old !== undefined) {
      old.child.tell({ kind: 'close' });
      old.child.endWithin(closeMaxMs);
      this.#retired = old.child.ended;
    }
    await this.#retired;
    if (this.#next !== version || this.#signal !== undefined) return;
    this.#next = undefined;
    this.#serving = version;
    version.child.tell(this.#request);
  }

  #ready(version: Version, ready: Extract<FromServeChild, { kind: 'ready' }>): void {
    const { gateway, node } = this.#request;
    const data = relative(this.#shell.cwd, node.data) || '.';
    this.#say(
      this.#url === undefined
        ? startedLines(ready, gateway.port, data, this.#how)
        : restartedLines(ready, performance.now() - version.changedAt, this.#url, this.#how),
    );
    this.#url = ready.url;
    this.#spare ??= this.#newVersion();
    this.#request = { ...this.#request, gateway: { ...gateway, port: ready.port } };
  }

  #ended(version: Version, { text }: Death): void {
    if (version === this.#spare) this.#spare = undefined;
    if (version !== this.#serving && version !== this.#next) return;
    if (this.#signal !== undefined) return;
    const { failure } = version;
    const scouting = version === this.#next;
    if (version === this.#serving) this.#serving = undefined;
    if (scouting) this.#next = undefined;
    if (failure !== undefined) {
      const itsOwn = isTuttiError(failure) && ofApp.has(failure.code);
      if (this.#url === undefined && !itsOwn) {
        this.#say(renderError(failure, this.#how));
        this.#result.resolve(exitCodeOf(failure));
      } else this.#broken(failure);
      return;
    }
    if (scouting)
      this.#say([
        `${this.#how.style.bad('crash:')} the process that loads ${this.#app} ended (${text}).`,
        this.#waits(),
      ]);
    else void this.#startAgain(text);
  }

  async #startAgain(how: string): Promise<void> {
    this.#say([`${this.#how.style.bad('crash:')} the process that runs the node ended (${how}). It is started again.`]);
    await pause(afterCrashMs);
    if (this.#signal === undefined && this.#next === undefined && this.#serving === undefined) this.#scout();
  }

  #broken(error: Error): void {
    this.#say([...renderError(error, this.#how), this.#waits()]);
  }

  #waits(): string {
    return this.#serving === undefined
      ? 'Save a change, and it is tried again.'
      : 'The code from before goes on. Save a change, and it is tried again.';
  }

  #stop(signal: Signal): void {
    if (this.#signal !== undefined) {
      this.#next?.child.kill();
      this.#spare?.child.kill();
      this.#serving?.child.kill();
      this.#result.resolve(signals[signal]);
      return;
    }
    this.#signal = signal;
    this.#next?.child.kill();
    this.#spare?.child.kill();
    this.#say([`Stopping (${signal}); once more ends it at once.`]);
    void this.#finish();
  }

  async #finish(): Promise<void> {
    this.#serving?.child.tell({ kind: 'close' });
    this.#serving?.child.endWithin(closeMaxMs);
    await Promise.all([this.#serving?.child.ended, this.#retired]);
    this.#say(['Stopped. What is unfinished goes on the next time.']);
    this.#result.resolve(exitCode.ok);
  }

  #say(lines: readonly string[]): void {
    for (const line of lines) this.#shell.say(`${line}\n`);
  }
}
