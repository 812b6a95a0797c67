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
import { kinds } from './crash-app.fixture.ts';
import type { ProgramOptions } from './crash-program.fixture.ts';

/** Thresholds so small that checkpoints, snapshots and trimming happen in every few lives. */
export const smallTuning: Tuning = {
  checkpointDirtyRows: 400,
  checkpointLogBytes: 64 * 1024,
  checkpointIntervalMs: 300,
  checkpointSliceRows: 50,
  snapshotLogBytes: 192 * 1024,
  snapshotChunkBytes: 16 * 1024,
  segmentBytes: 2 * 1024 * 1024,
  recordBytesMax: 1024 * 1024,
};

export type CrashRunOptions = {
  /** Holds the data folder and all that is noted about it. */
  readonly folder: string;
  readonly seed: number;
  readonly partitions: number;
  readonly executors: number;
  /** Where Node.js keeps compiled modules: a life begins in a third of the time. */
  readonly compileCache: string;
};

type Acknowledged = { readonly kind: string; readonly n: number; outcome: string | undefined };

/** When a life ends: so many milliseconds after its start, or after so many lines. */
type Kill = { readonly afterMs: number } | { readonly afterLines: number };

const lanes = 16;
const silentMaxMs = 60_000;
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
    await this.#live(this.dataFolder, false, this.#nextKill());
    this.kills++;
  }

  /** A quarter comes by the clock, mostly while the program starts; of the others some let it run for long. */
  #nextKill(): Kill {
    const kind = this.#pick(8);
    const usualMs = this.recoveriesMs.at(-1) ?? 1_000;
    if (kind < 2) return { afterMs: (usualMs * this.#pick(1_500)) / 1_000 };
    return { afterLines: 1 + this.#pick(kind === 2 ? 400 : 80) };
  }

  /** One life that starts nothing new, waits until every task has ended, and closes. Throws `CrashProblem`. */
  async drain(): Promise<void> {
    await this.#live(this.dataFolder, true, undefined);
    for (const [id, { kind, outcome }] of this.tasks)
      if (outcome === undefined) throw this.#problem(`The acknowledged ${kind} ${id} did not end.`);
  }

  /**
   * Opens a copy of the data folder and waits until every task there has ended. Throws `CrashProblem`; `ProgramEnded` if it
   * could not be opened.
   */
  async drainCopy(copy: string): Promise<void> {
    await this.#live(copy, true, undefined);
  }

  /** Ends the life under way, if there is one. */
  stop(): void {
    this.#child?.kill('SIGKILL');
  }

  async #live(data: string, drain: boolean, kill: Kill | undefined): Promise<void> {
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
      drain,
      tuning: smallTuning,
    };
    const errors = join(folder, 'stderr');
    const effects = data === this.dataFolder ? this.effectsFile : join(folder, 'effects-of-copy');
    appendFileSync(errors, `-- life ${this.kills + 1}${drain ? ', drain' : ''}\n`);
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
      if (line === 'open') this.recoveriesMs.push(performance.now() - began);
      else if (line === 'drained') drained = true;
      else {
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
    if (drain ? !drained || exit !== 'code 0' : exit !== 'SIGKILL')
      throw new ProgramEnded(exit, readFileSync(errors, 'utf8'));
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

/** The program ended otherwise than it should. */
export class ProgramEnded extends Error {
  readonly stderr: string;
  constructor(exit: string, stderr: string) {
    super(`The program ended with ${exit}:\n${stderr.split('\n').slice(-25).join('\n')}`);
    this.stderr = stderr;
  }
}
