/**
 * The executor threads of a node: starts them, replaces those that end, ends those that must end, and tells the state thread
 * what was lost with them. The node thread sees into them through shared memory, so that one that does not answer is seen.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { isWithin } from '../app/place.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type {
  AttemptName,
  ExecutorThreadData,
  FromExecutorThread,
  ToExecutorThread,
} from '../execution/executor/control.ts';
import { createSharedState, ExecutorView } from '../execution/executor/shared-state.ts';
import type { ExecutorLoad } from '../execution/state/state-overview.ts';
import { threadEntries } from '../execution/thread-entries.ts';
import { limits } from '../limits.ts';
import type { EventSink } from '../platform/env.ts';
import type { ExecutorOverview } from '../protocol/overview.ts';
import type { Loss } from '../tasks/grant.ts';
import { decodeError } from '../values/codec.ts';

export type ExecutorsOptions = {
  readonly module: string;
  readonly count: number;
  /** Of each. */
  readonly slots: number;
  readonly hangLimitMs: number | undefined;
  /** As of a node of a cluster. */
  readonly keepsReports: boolean;
  /** For development: see `execution/executor/rehearsal.ts`. */
  readonly rehearses: boolean;
  /** The node, and where it is; empty: nobody said. */
  readonly place: { readonly id: string; readonly location: string };
  readonly events: EventSink;
  /** An executor can be given work over `port`; `away`: which of its tasks are to run elsewhere, if they can. */
  readonly onAdded: (executor: number, port: MessagePort, names: readonly string[], away: readonly string[]) => void;
  readonly onGone: (executor: number, guilty: AttemptName | undefined, loss: Loss) => void;
  /**
   * Does not answer at present: what it has not begun is better given to another. `running`: what keeps it, where that is known;
   * `kept`: some code of a task does. Again where the latter has changed.
   */
  readonly onBusy: (executor: number, running: AttemptName | undefined, kept: boolean) => void;
  /** It answers again after `onBusy`. */
  readonly onAnswers: (executor: number) => void;
  /** A line that user code printed. */
  readonly onOutput: (line: string) => void;
  /** An executor that had worked cannot be started again. */
  readonly onFailed: (error: Error) => void;
};

type Executor = {
  readonly number: number;
  readonly worker: Worker;
  readonly view: ExecutorView;
  guilty: AttemptName | undefined;
  loss: Loss | undefined;
  ready: boolean;
  /** Told when it has come to rest. */
  rested: (() => void) | undefined;
  reportedSilent: boolean;
  /** Whether it was said to be kept; undefined: it answers. */
  reportedKept: boolean | undefined;
};

export type LoadedApp = { readonly fingerprint: string; readonly names: readonly string[] };

const checkEveryMs = 100;
/** A loop that has not turned for this long keeps what is queued behind it waiting. */
const busyAfterMs = 250;
const restartsInARowMax = 20;
/** One that runs a loop hears nothing and is ended then. */
const executorCloseMs = 500;

export class Executors {
  readonly #options: ExecutorsOptions;
  readonly #executors = new Map<number, Executor>();
  #next = 0;
  #closing = false;
  #restarts = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(options: ExecutorsOptions) {
    this.#options = options;
  }

  /** Starts all; settles with what the app has when each has loaded it. Throws `APP_LOAD`, `APP_INVALID`, `APP_MISMATCH`. */
  async start(): Promise<LoadedApp> {
    if (this.#options.count === 0) return { fingerprint: '', names: [] };
    const apps = await Promise.all(Array.from({ length: this.#options.count }, () => this.#startOne()));
    const [first] = apps as [LoadedApp, ...LoadedApp[]];
    for (const app of apps)
      if (app.fingerprint !== first.fingerprint)
        throw new TuttiError(
          'APP_MISMATCH',
          'Two executor threads loaded different apps: the module must export the same tasks each time it is imported.',
        );
    this.#watch = setInterval(() => this.#check(), checkEveryMs);
    return first;
  }

  get count(): number {
    return this.#executors.size;
  }

  /** Those that have loaded the app, with what the state thread says they hold. */
  overview(loads: readonly ExecutorLoad[]): readonly ExecutorOverview[] {
    const now = Date.now();
    return [...this.#executors.values()]
      .filter(({ ready }) => ready)
      .map(({ number, view }) => {
        const load = loads.find(({ executor }) => executor === number);
        const silentMs = now - view.heartbeatAt();
        return {
          executor: number,
          slots: this.#options.slots,
          busy: load?.busy ?? 0,
          waiting: load?.waiting ?? 0,
          loopDelay: view.loopDelay(),
          silentMs: silentMs < busyAfterMs ? 0 : Math.round(silentMs),
        };
      });
  }

  /** Has an executor work for the leaders of another node, too. */
  connectPeer(executor: number, peer: number, port: MessagePort): void {
    const worker = this.#executors.get(executor)?.worker;
    if (worker === undefined) port.close();
    else worker.postMessage({ kind: 'connect', index: peer, port, remote: true } satisfies ToExecutorThread, [port]);
  }

  /** Ends one thread as a crash would. */
  async killOne(): Promise<void> {
    const [executor] = this.#executors.values();
    await executor?.worker.terminate();
  }

  /** They take no new work; settles when none runs code of a task any more, or after `restMs`. */
  async rest(): Promise<void> {
    const resting = [...this.#executors.values()].filter(({ ready }) => ready);
    const rested = resting.map(
      (executor) =>
        new Promise<void>((resolve) => {
          executor.rested = resolve;
          executor.worker.once('exit', () => resolve());
          executor.worker.postMessage({ kind: 'rest' } satisfies ToExecutorThread);
        }),
    );
    let late: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([
      Promise.all(rested),
      new Promise((resolve) => {
        late = setTimeout(resolve, limits.restMs);
      }),
    ]);
    clearTimeout(late);
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#watch);
    await Promise.all([...this.#executors.values()].map((executor) => this.#close(executor)));
  }

  /** Its tasks hear of it by their signals, if it answers in time. */
  async #close({ worker, ready }: Executor): Promise<void> {
    if (ready) {
      worker.postMessage({ kind: 'close' } satisfies ToExecutorThread);
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, executorCloseMs);
        worker.once('exit', () => {
          clearTimeout(late);
          resolve();
        });
      });
    }
    await worker.terminate();
  }

  #startOne(): Promise<LoadedApp> {
    const number = this.#next++;
    const shared = createSharedState();
    const { module, slots, keepsReports, rehearses } = this.#options;
    const workerData: ExecutorThreadData = { module, executor: number, slots, shared, keepsReports, rehearses };
    const worker = new Worker(threadEntries.executor, {
      workerData,
      name: `tutti-executor-${number}`,
      stdout: true,
      stderr: true,
    });
    const executor: Executor = {
      number,
      worker,
      view: new ExecutorView(shared),
      guilty: undefined,
      loss: undefined,
      ready: false,
      rested: undefined,
      reportedSilent: false,
      reportedKept: undefined,
    };
    this.#executors.set(number, executor);
    return new Promise<LoadedApp>((resolve, reject) => {
      worker.on('message', (message: FromExecutorThread) => {
        switch (message.kind) {
          case 'ready':
            executor.ready = true;
            this.#connect(executor, message);
            resolve(message);
            break;
          case 'loadFailed':
            reject(decodeError(message.error));
            break;
          case 'output':
            for (const line of message.lines) this.#options.onOutput(line);
            break;
          case 'taskFailed':
            this.#options.events.emit('task.failed', { ...message.task, error: message.error });
            break;
          case 'crash':
            executor.guilty = message.attempt;
            break;
          case 'rested':
            executor.rested?.();
            break;
          case 'closed':
            void worker.terminate();
            break;
          default:
            message satisfies never;
        }
      });
      let last: Error | undefined;
      worker.on('error', (error) => {
        last = error as Error;
      });
      worker.on('exit', (code) => {
        reject(
          last ??
            new TuttiError(
              'APP_LOAD',
              `The thread that loads ${this.#options.module} ended with code ${code}: the app may have called process.exit.`,
            ),
        );
        this.#gone(
          executor,
          last === undefined ? `the thread ended with code ${code}` : `${last.name}: ${last.message}`,
        );
      });
    });
  }

  #connect(executor: Executor, { names, places }: Extract<FromExecutorThread, { kind: 'ready' }>): void {
    const { port1, port2 } = new MessageChannel();
    executor.worker.postMessage({ kind: 'connect', index: 0, port: port1, remote: false } satisfies ToExecutorThread, [
      port1,
    ]);
    const { place, onAdded } = this.#options;
    const away = places.filter(([, wanted]) => !isWithin(place, wanted)).map(([name]) => name);
    onAdded(executor.number, port2, names, away);
  }

  #gone(executor: Executor, what: string): void {
    this.#executors.delete(executor.number);
    if (!executor.ready) return;
    if (this.#closing) {
      this.#options.onGone(executor.number, undefined, { kind: 'returned' });
      return;
    }
    const loss: Loss = executor.loss ?? { kind: 'crashed', what };
    // A thread that ran out of memory could say nothing; whose code it had entered last stands in shared memory.
    const guilty = executor.guilty ?? (executor.loss === undefined ? executor.view.running() : undefined);
    this.#options.onGone(executor.number, guilty, loss);
    this.#options.events.emit('executor.lost', { executor: executor.number, what, guilty });
    this.#restarts++;
    this.#startOne().then(
      () => {
        this.#restarts = 0;
      },
      (error: Error) => {
        if (this.#closing) return;
        if (this.#restarts >= restartsInARowMax || this.#executors.size === 0) this.#options.onFailed(error);
      },
    );
  }

  /** Looks into every executor through its shared memory. */
  #check(): void {
    const now = Date.now();
    for (const executor of this.#executors.values()) {
      if (!executor.ready || executor.loss !== undefined) continue;
      const { view } = executor;
      const silentMs = now - view.heartbeatAt();
      const running = view.running();
      const deadline = view.earliestDeadline();
      if (deadline !== undefined && now > deadline.at + busyAfterMs && silentMs > busyAfterMs) {
        this.#end(executor, deadline.attempt, { kind: 'timeout', timeoutMs: deadline.timeoutMs });
        continue;
      }
      if (silentMs < busyAfterMs) {
        if (executor.reportedKept !== undefined) this.#options.onAnswers(executor.number);
        executor.reportedKept = undefined;
        executor.reportedSilent = false;
        continue;
      }
      this.#reportBusy(executor, running, view.isKept());
      const { hangLimitMs } = this.#options;
      if (hangLimitMs !== undefined && silentMs > hangLimitMs)
        this.#end(executor, running, {
          kind: 'crashed',
          what: `it kept its thread from answering for more than ${hangLimitMs} ms (hang limit)`,
        });
      else if (silentMs > limits.hangReportMs && !executor.reportedSilent) {
        executor.reportedSilent = true;
        this.#options.events.emit('executor.silent', { executor: executor.number, silentMs, running });
      }
    }
  }

  #reportBusy(executor: Executor, running: AttemptName | undefined, kept: boolean): void {
    if (executor.reportedKept === kept) return;
    executor.reportedKept = kept;
    this.#options.onBusy(executor.number, running, kept);
  }

  #end(executor: Executor, guilty: AttemptName | undefined, loss: Loss): void {
    executor.guilty = guilty;
    executor.loss = loss;
    // Native code may go on all the same: that is no right use.
    this.#reportBusy(executor, guilty, false);
    this.#options.events.emit('executor.ended', { executor: executor.number, guilty, loss });
    void executor.worker.terminate();
  }
}
