/**
 * One data folder under a hail of kills: starts the crash program, ends it with SIGKILL at seeded instants, starts it again,
 * and keeps account of what it said. What it must never see is a `CrashProblem`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Pick, seededPick } from '../../src/engine/embedded/faulty-files.fixture.ts';
import type { Tuning } from '../../src/execution/state/control.ts';
import type { LogLevel } from '../../src/node/options.ts';
import { kinds } from './crash-app.fixture.ts';
import type { ProgramOptions } from './crash-program.fixture.ts';

/** Thresholds so small that checkpoints, snapshots and trimming happen in every few lives. */
export const smallTuning: Tuning = {
  checkpointDirtyRows: 400,
  checkpointLogBytes: 64 * 1024,
  checkpointIntervalMs: 300,
  checkpointSliceRows: 50,
  snapshotLogBytes: 48 * 1024,
  snapshotChunkBytes: 32 * 1024,
  segmentBytes: 512 * 1024,
  recordBytesMax: 384 * 1024,
};

export type CrashRunOptions = {
  /** Holds the data folder and all that is noted about it. */
  readonly folder: string;
  readonly seed: number;
  readonly partitions: number;
  readonly executors: number;
  /** Where Node.js keeps compiled modules: a life begins in a third of the time. */
  readonly compileCache: string;
  readonly logLevel?: LogLevel;
};

type Acknowledged = { readonly kind: string; readonly n: number; outcome: string | undefined };

/** When a life is ended: so long after its start, or after the node was open; after so many lines; or when this is true. */
type Kill =
  | { readonly afterMs: number }
  | { readonly afterOpenMs: number }
  | { readonly afterLines: number }
  | { readonly when: () => boolean };

const lanes = 16;
const silentMaxMs = 60_000;
const watchEveryMs = 100;
const program = fileURLToPath(new URL('./crash-program.fixture.ts', import.meta.url));

export class CrashProblem extends Error {}

export class CrashRun {
  readonly tasks = new Map<string, Acknowledged>();
  readonly recoveriesMs: number[] = [];
  kills = 0;
  readonly #options: CrashRunOptions;
  readonly #pick: Pick;
  readonly #idOfKey = new Map<number, string>();
  #next = 1;
  #child: ChildProcess | undefined;

  constructor(options: CrashRunOptions) {
    this.#options = options;
    this.#pick = seededPick(options.seed);
    mkdirSync(options.folder, { recursive: true });
  }

  get dataFolder(): string {
    return join(this.#options.folder, 'data');
  }

  get effectsFile(): string {
    return join(this.#options.folder, 'effects');
  }

  /** One life that is killed. Throws `CrashProblem`. */
  async killOnce(): Promise<void> {
    await this.#live(this.dataFolder, 'work', this.#nextKill());
    this.kills++;
  }

  /** While the program starts, soon after that, or in the middle of its work. */
  #nextKill(): Kill {
    const kind = this.#pick(8);
    const usualMs = this.recoveriesMs.at(-1) ?? 1_000;
    if (kind < 2) return { afterMs: (usualMs * this.#pick(1_100)) / 1_000 };
    if (kind < 4) return { afterLines: 1 + this.#pick(150) };
    return { afterOpenMs: this.#pick(kind === 7 ? 2_000 : 700) };
  }

  /** One life that starts nothing new, waits until every task has ended, and closes. Throws `CrashProblem`. */
  async drain(): Promise<void> {
    await this.#live(this.dataFolder, 'drain', undefined);
    for (const [id, { kind, outcome }] of this.tasks)
      if (outcome === undefined) throw this.#problem(`The acknowledged ${kind} ${id} did not end.`);
  }

  /** One life that works until `when` is true, and is killed then. Throws `CrashProblem`. */
  async workUntil(when: () => boolean): Promise<void> {
    await this.#live(this.dataFolder, 'work', { when });
    this.kills++;
  }

  /** One life that waits until every task has ended, and is killed when `when` is true. Throws `CrashProblem`. */
  async stayUntil(when: () => boolean): Promise<void> {
    await this.#live(this.dataFolder, 'stay', { when });
    this.kills++;
  }

  /**
   * Opens a copy of the data folder and waits until every task there has ended. Throws `CrashProblem`; `ProgramEnded` if it
   * could not be opened.
   */
  async drainCopy(copy: string): Promise<void> {
    await this.#live(copy, 'drain', undefined);
  }

  /** Ends the life under way, if there is one. */
  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  async #live(data: string, mode: ProgramOptions['mode'], kill: Kill | undefined): Promise<void> {
    const { folder, seed, partitions, executors, compileCache } = this.#options;
    const known = join(folder, 'known');
    writeFileSync(
      known,
      [...this.tasks]
        .map(([id, { kind, n, outcome }]) => `${id} ${kind} ${n} ${outcome === undefined ? 0 : 1}\n`)
        .join(''),
    );
    const options: ProgramOptions = {
      folder: data,
      partitions,
      executors,
      known,
      seed,
      from: this.#next,
      lanes,
      mode,
      logLevel: this.#options.logLevel ?? 'warn',
      tuning: smallTuning,
    };
    const errors = join(folder, 'stderr');
    const effects = data === this.dataFolder ? this.effectsFile : join(folder, 'effects-of-copy');
    appendFileSync(errors, `-- life ${this.kills + 1}: ${mode}\n`);
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', openSync(errors, 'a')],
      env: { ...process.env, TUTTI_EFFECTS: effects, NODE_COMPILE_CACHE: compileCache },
    });
    this.#child = child;
    const began = performance.now();
    let lines = 0;
    let drained = false;
    let problem: CrashProblem | undefined;
    const silence = setTimeout(() => {
      problem = this.#problem(`The program was silent for ${silentMaxMs} ms.`);
      child.kill('SIGKILL');
    }, silentMaxMs);
    if (kill !== undefined && 'afterMs' in kill) setTimeout(() => child.kill('SIGKILL'), kill.afterMs);
    const reader = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    reader.on('line', (line) => {
      silence.refresh();
      if (line === 'open') {
        this.recoveriesMs.push(performance.now() - began);
        if (kill !== undefined && 'afterOpenMs' in kill) setTimeout(() => child.kill('SIGKILL'), kill.afterOpenMs);
        if (mode === 'work' && kill !== undefined && 'when' in kill) killWhen(child, kill.when);
      } else if (line === 'drained') {
        drained = true;
        if (mode === 'stay' && kill !== undefined && 'when' in kill) killWhen(child, kill.when);
      } else {
        try {
          this.#take(line);
        } catch (error) {
          problem ??= error as CrashProblem;
          child.kill('SIGKILL');
        }
      }
      lines++;
      if (kill !== undefined && 'afterLines' in kill && lines === kill.afterLines) child.kill('SIGKILL');
    });
    const [exit] = await Promise.all([
      new Promise<string>((resolve, reject) => {
        child.on('error', reject);
        child.on('exit', (code, signal) => resolve(signal ?? `code ${code}`));
      }),
      new Promise<void>((resolve) => reader.on('close', resolve)),
    ]);
    clearTimeout(silence);
    this.#child = undefined;
    if (problem !== undefined) throw problem;
    const ended = kill === undefined ? 'code 0' : 'SIGKILL';
    if (exit !== ended || drained !== (mode !== 'work')) throw new ProgramEnded(exit, readFileSync(errors, 'utf8'));
  }

  #take(line: string): void {
    const [word, first, second, ...rest] = line.split(' ') as [string, string, string, ...string[]];
    switch (word) {
      case 'ack':
        this.#acknowledged(first, Number(second), rest[0] as string);
        break;
      case 'done': {
        const task = this.tasks.get(first);
        if (task === undefined) throw this.#problem(`A task that was never acknowledged ended: ${line}`);
        if (task.outcome !== undefined && task.outcome !== second)
          throw this.#problem(`Another outcome than before (${task.outcome}): ${line}`);
        const expected = kinds[task.kind]?.result(task.n);
        if (Number(second) !== expected) throw this.#problem(`A wrong result, not ${expected}: ${line}`);
        task.outcome = second;
        break;
      }
      default:
        throw this.#problem(line);
    }
  }

  #acknowledged(kind: string, n: number, id: string): void {
    const known = this.tasks.get(id);
    if (kind === 'keyed') {
      const holder = this.#idOfKey.get(n);
      if (holder !== undefined && holder !== id) throw this.#problem(`key-${n} was ${holder} and is now ${id}.`);
      this.#idOfKey.set(n, id);
    } else if (known !== undefined) throw this.#problem(`${id} was given twice.`);
    if (known === undefined) this.tasks.set(id, { kind, n, outcome: undefined });
    this.#next = Math.max(this.#next, n + 1);
  }

  #problem(what: string): CrashProblem {
    const { folder, seed, partitions } = this.#options;
    return new CrashProblem(`${what} (after ${this.kills} kills; seed ${seed}, ${partitions} partitions, ${folder})`);
  }
}

const killWhen = (child: ChildProcess, when: () => boolean): void => {
  const watch = setInterval(() => {
    if (!when()) return;
    child.kill('SIGKILL');
  }, watchEveryMs);
  child.on('exit', () => clearInterval(watch));
};

/** The program ended otherwise than it should. */
export class ProgramEnded extends Error {
  readonly stderr: string;
  constructor(exit: string, stderr: string) {
    super(`The program ended with ${exit}:\n${stderr.split('\n').slice(-25).join('\n')}`);
    this.stderr = stderr;
  }
}
