/** An executor that runs programs: grants in, reports out, by hand. */

import type { NamedAttempt } from './claim.ts';
import {
  entryState,
  type Flat,
  fromExecutor,
  grantKind,
  journalArity,
  toExecutor,
  toExecutorArity,
} from './messages.ts';
import { childKey, type Op, type Program, thrownText, type Walker, walk } from './program.fixture.ts';

type Result = { readonly ok: boolean; readonly text: string };
type ChunkInput = { readonly from: number; readonly collect: number; readonly items: readonly Program[] };

/** An attempt that an executor says it runs. */
export type Running = NamedAttempt & { readonly executor: number };

/** What one of them says it runs. */
export const namedBy = (executor: number, running: readonly Running[]): readonly Running[] =>
  running.filter((attempt) => attempt.executor === executor);

export type Observer = {
  /** A result of a step, as an attempt was told it. */
  readonly told: (id: string, key: string, text: string) => void;
  readonly fraction: () => number;
};

class MapState {
  cursor = -1;
  readonly results: unknown[] = [];
  count = 0;
  items = 0;
}

export class Attempt implements Walker {
  readonly executor: ScriptedExecutor;
  readonly partition: number;
  readonly epoch: number;
  readonly n: number;
  readonly id: string;
  readonly isChunk: boolean;
  readonly tries: number;
  readonly solo: boolean;
  readonly startedAt: number;
  readonly program: Program | ChunkInput;
  readonly journal = new Map<string, Result | undefined>();
  readonly maps = new Map<string, MapState>();
  readonly #called = new Set<string>();
  readonly #worked = new Set<string>();
  readonly #logged = new Set<string>();
  readonly #lines: number;
  /** Whether its program has maps, whose results come apart from the journal. */
  readonly #maps: boolean;
  results = 0;
  working: string | undefined;

  constructor(executor: ScriptedExecutor, flat: Flat, at: number) {
    this.executor = executor;
    this.partition = flat[at + 1] as number;
    this.epoch = flat[at + 2] as number;
    this.n = flat[at + 3] as number;
    this.id = flat[at + 4] as string;
    this.isChunk = flat[at + 5] === grantKind.chunk;
    this.program = JSON.parse(flat[at + 7] as string) as Program | ChunkInput;
    this.#maps = (flat[at + 7] as string).includes('"map"');
    this.tries = flat[at + 8] as number;
    this.solo = flat[at + 9] === 1;
    this.startedAt = flat[at + 10] as number;
    this.#lines = flat[at + 11] as number;
    const journal = (flat[at + 14] ?? []) as Flat;
    for (let entry = 0; entry < journal.length; entry += journalArity) {
      const [key, , state, text] = journal.slice(entry, entry + journalArity) as [string, string, number, string];
      this.journal.set(key, state === entryState.pending ? undefined : { ok: state === entryState.ok, text });
      if (state !== entryState.pending) executor.observer.told(this.id, key, text);
    }
  }

  /** Whether it waits for steps and nothing else. */
  get waits(): boolean {
    return this.working === undefined;
  }

  /** Whether something that it called, or that its journal told of, may still be on its way to it. */
  get open(): boolean {
    const keys = [...this.#called, ...this.journal.keys()];
    return keys.some((key) => this.journal.get(key) === undefined) || (keys.length > 0 && this.#maps);
  }

  get holdsItems(): boolean {
    return [...this.maps].some(([key, map]) => this.journal.get(key) === undefined && map.cursor < map.items);
  }

  result(key: string): Result | undefined {
    return this.journal.get(key);
  }

  mapResults(key: string): readonly unknown[] | undefined {
    const map = this.#map(key);
    return map.count === map.items ? map.results : undefined;
  }

  worked(key: string): boolean {
    if (this.#worked.has(key)) return true;
    this.working = key;
    return false;
  }

  log(key: string): void {
    if (this.#logged.has(key)) return;
    const index = this.#logged.size;
    this.#logged.add(key);
    if (index >= this.#lines) this.#report(fromExecutor.log, index, 'info', `{"message":"${key}"}`);
  }

  call(key: string, op: Op, _program: Program, startKey: string): void {
    if (op.op === 'map') this.#map(key).items = op.items.length;
    if (this.#called.has(key)) return;
    this.#called.add(key);
    const known = this.journal.has(key);
    if (known && (op.op !== 'map' || this.journal.get(key) !== undefined)) return;
    switch (op.op) {
      case 'run': {
        const nonce = `${this.partition}:${this.epoch}:${this.n}:${this.executor.number}`;
        const text = op.fails === true ? thrownText : JSON.stringify([op.value, nonce]);
        this.#report(fromExecutor.stepRun, key, '', op.fails === true ? 0 : 1, text, 0);
        break;
      }
      case 'sleep':
        this.#report(fromExecutor.stepSleep, key, '', op.ms);
        break;
      case 'call':
      case 'start': {
        const code = op.op === 'call' ? fromExecutor.stepCall : fromExecutor.stepStart;
        const idempotencyKey = op.keyed === true ? childKey(op.child) : undefined;
        this.#report(code, key, '', 'task', JSON.stringify(op.child), this.executor.policy, idempotencyKey);
        break;
      }
      case 'join':
        this.#report(fromExecutor.stepJoin, key, '', startKey);
        break;
      case 'map': {
        const { collect, items } = op;
        this.#report(fromExecutor.mapOpen, key, '', 'task', items.length, this.executor.policy, collect ? 1 : 0, 0);
        break;
      }
    }
  }

  /** Gets as far as it can. */
  advance(): void {
    this.working = undefined;
    const ended = this.isChunk ? this.#walkChunk(this.program as ChunkInput) : this.#walkTask(this.program as Program);
    if (ended) this.executor.attempts.delete(attemptName(this));
  }

  #walkTask(program: Program): boolean {
    const values = walk(this, program, '');
    if (values === undefined) return false;
    const { end } = program;
    const flaky = typeof end === 'object' && this.tries < end.flaky;
    if (end === 'fail' || end === 'fatal' || flaky)
      this.#report(fromExecutor.failed, thrownText, end === 'fatal' ? 0 : 1, 1);
    else this.#report(fromExecutor.done, JSON.stringify(values), 1);
    return true;
  }

  #walkChunk({ from, collect, items }: ChunkInput): boolean {
    const outcomes: string[] = [];
    for (const [at, program] of items.entries()) {
      const values = walk(this, program, `i${from + at}:`);
      if (values === undefined) return false;
      if (program.end !== 'fail' && program.end !== 'fatal') outcomes.push(JSON.stringify(values));
      else if (collect === 1) outcomes.push(`{"$failed":${thrownText}}`);
      else {
        this.#report(fromExecutor.failed, thrownText, 0, 1);
        return true;
      }
    }
    this.#report(fromExecutor.done, `[${outcomes.join(',')}]`, items.length);
    return true;
  }

  finishWork(): void {
    if (this.working !== undefined) this.#worked.add(this.working);
    this.advance();
  }

  park(): void {
    this.#report(fromExecutor.park, this.results);
    this.executor.attempts.delete(attemptName(this));
  }

  told(key: string, ok: boolean, text: string): void {
    if (this.journal.get(key) !== undefined) return;
    this.results++;
    this.journal.set(key, { ok, text });
    this.executor.observer.told(this.id, key, text);
    this.advance();
  }

  wanted(key: string, from: number, sizes: readonly number[]): void {
    const map = this.#map(key);
    const items = mapItems(this.program, key);
    if (map.cursor < 0) map.cursor = from;
    for (const size of sizes) {
      if (map.cursor >= items.length) return;
      // Cut short now and then, as a chunk is whose text is long.
      const count = this.executor.observer.fraction() < 0.2 ? Math.ceil(size / 2) : size;
      const begin = map.cursor;
      map.cursor = Math.min(items.length, begin + count);
      this.#report(fromExecutor.mapChunk, key, begin, map.cursor, JSON.stringify(items.slice(begin, map.cursor)));
    }
  }

  mapResult(key: string, from: number, to: number, text: string): void {
    const map = this.#map(key);
    const outcomes = JSON.parse(text) as unknown[];
    if (outcomes.length !== to - from) throw new Error(`a chunk of ${to - from} items has ${outcomes.length} outcomes`);
    for (const [at, outcome] of outcomes.entries()) {
      if (map.results[from + at] !== undefined) throw new Error(`item ${from + at} of ${key} has two results`);
      const failed = typeof outcome === 'object' && outcome !== null && '$failed' in outcome;
      map.results[from + at] = failed ? -1 : outcome;
      map.count++;
    }
    this.advance();
  }

  #map(key: string): MapState {
    let map = this.maps.get(key);
    if (map === undefined) {
      map = new MapState();
      this.maps.set(key, map);
    }
    return map;
  }

  #report(op: number, ...fields: readonly unknown[]): void {
    this.executor.out.push({ partition: this.partition, flat: [op, this.partition, this.epoch, this.n, ...fields] });
  }
}

/** The items of the map with this key. */
const mapItems = (program: Program | ChunkInput, key: string): readonly Program[] => {
  const [, index, path] = /^(?:i(\d+):)?(.*)$/.exec(key) as unknown as [string, string | undefined, string];
  const chunk = program as ChunkInput;
  const own = index === undefined ? (program as Program) : (chunk.items[Number(index) - chunk.from] as Program);
  let op: Op | undefined;
  let ops = own.ops;
  for (const part of path.split('.')) {
    op = ops[Number(part)];
    if (op?.op === 'all') ops = op.ops;
  }
  return op?.op === 'map' ? op.items : [];
};

const attemptName = ({ partition, epoch, n }: Pick<Attempt, 'partition' | 'epoch' | 'n'>): string =>
  `${partition}/${epoch}/${n}`;

export class ScriptedExecutor {
  readonly number: number;
  readonly observer: Observer;
  /** Given to every child. */
  readonly policy: string | undefined;
  readonly attempts = new Map<string, Attempt>();
  /** What leaders sent and was not taken yet. */
  readonly inbox: { readonly partition: number; readonly flat: Flat }[] = [];
  /** What is on its way to leaders. */
  readonly out: { readonly partition: number; readonly flat: Flat }[] = [];

  constructor(number: number, observer: Observer, policy: string | undefined) {
    this.number = number;
    this.observer = observer;
    this.policy = policy;
  }

  /** Takes the oldest array of its inbox. */
  receive(): void {
    const { flat } = this.inbox.shift() as { readonly flat: Flat };
    for (let at = 0; at < flat.length; at += toExecutorArity[flat[at] as keyof typeof toExecutorArity] + 1)
      this.#take(flat, at);
  }

  #take(flat: Flat, at: number): void {
    if (flat[at] === toExecutor.grant && flat[at + 5] === grantKind.canary) {
      const [partition, epoch, n] = flat.slice(at + 1, at + 4) as [number, number, number];
      this.out.push({ partition, flat: [fromExecutor.done, partition, epoch, n, 'null', 0] });
      return;
    }
    if (flat[at] === toExecutor.grant) {
      const attempt = new Attempt(this, flat, at);
      this.attempts.set(attemptName(attempt), attempt);
      const { partition, epoch, n } = attempt;
      this.out.push({ partition, flat: [fromExecutor.started, partition, epoch, n] });
      attempt.advance();
      return;
    }
    const name = `${flat[at + 1]}/${flat[at + 2]}/${flat[at + 3]}`;
    const attempt = this.attempts.get(name);
    if (attempt === undefined) return;
    const key = flat[at + 4] as string;
    switch (flat[at]) {
      case toExecutor.stepResult:
        attempt.told(key, flat[at + 5] === 1, flat[at + 6] as string);
        break;
      case toExecutor.mapWant:
        attempt.wanted(key, flat[at + 5] as number, flat[at + 6] as number[]);
        break;
      case toExecutor.mapResult:
        attempt.mapResult(key, flat[at + 5] as number, flat[at + 6] as number, flat[at + 7] as string);
        break;
      case toExecutor.cancel:
        this.attempts.delete(name);
        break;
      default:
        throw new Error(`no such message: ${String(flat[at])}`);
    }
  }

  /** The leader of a partition is gone: everything of it is let go of, but what waits for no answer. Returns that. */
  leaderGone(partition: number): readonly Attempt[] {
    const kept: Attempt[] = [];
    for (const [name, attempt] of this.attempts) {
      if (attempt.partition !== partition) continue;
      if (attempt.waits || attempt.open) this.attempts.delete(name);
      else kept.push(attempt);
    }
    for (const queue of [this.inbox, this.out])
      queue.splice(0, queue.length, ...queue.filter((each) => each.partition !== partition));
    return kept;
  }
}
