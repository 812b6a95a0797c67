/**
 * `ctx.map`: the parent's side. The leader asks for chunks (`mapWant`), the items are encoded only then (`mapChunk`), results
 * come chunk by chunk (`mapResult`) and take their places; the step's own result says that all are there, or what failed.
 *
 * M1  Chunks are consecutive from the cursor; a chunk may be shorter than asked, never longer. (An early `from` of the leader
 *     counts only for the first: after a replay it says where the cursor stands.)
 * M2  Nothing is kept but the items and the results. Results that come before the code has called `ctx.map` (on replay)
 *     wait as text.
 * M3  An item that its schema refuses, or that cannot be encoded, travels as a failure and fails as that item.
 */

import type { TaskDefinition } from '../../app/task.ts';
import type { MapOptions, Settled } from '../../app/task-context.ts';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import { fromExecutor } from '../../tasks/messages.ts';
import { encodeError } from '../../values/codec.ts';
import { hash64 } from '../../values/hash.ts';
import type { Attempt } from './attempt.ts';
import { decodeOutcomes, encodeOutcome, encodeOutcomes, ItemFailure } from './chunk-outcomes.ts';
import type { Host } from './host.ts';
import type { Step } from './journal.ts';
import type { Scope } from './scope.ts';
import { journalOf, never, openStep, refuseInsideStep, targetOf, whenValid } from './steps.ts';

type Options = MapOptions & { readonly onError?: 'fail' | 'collect' };

export const mapItems = (
  host: Host,
  scope: Scope,
  definition: TaskDefinition,
  items: Iterable<unknown>,
  options: Options | undefined,
): Promise<unknown> => {
  refuseInsideStep(scope, 'ctx.map');
  const { name, policy } = targetOf(host, definition, 'ctx.map');
  const { collect, concurrency } = checkedOptions(options);
  const list = listOf(items);
  const { attempt } = scope;
  if (attempt.ended || scope.closed) return never();
  const key = scope.nextKey('map', name);
  const fingerprint = hash64(`${name} ${list.length}`);
  // Without items there is nothing to record, unless the journal remembers some.
  if (list.length === 0 && attempt.journal?.find(key) === undefined) return Promise.resolve([]);

  const maps = mapsOf(attempt);
  const run = maps.get(key) ?? new MapRun();
  maps.set(key, run);
  run.open(host, attempt, key, definition, list, collect);
  const begin = (step: Step): void =>
    host.send(
      attempt,
      fromExecutor.mapOpen,
      step.key,
      fingerprint,
      name,
      list.length,
      policy,
      collect ? 1 : 0,
      concurrency,
    );
  const read = (): unknown[] => run.outcomes();
  const known = attempt.journal?.find(key);
  if (known?.ok === true) known.incomplete = !run.complete;
  const shown = `${list.length} items`;
  return openStep(host, scope, { key, fingerprint, shown, begin, read, reopens: true });
};

const mapsOf = (attempt: Attempt): Map<string, MapRun> => {
  attempt.maps ??= new Map();
  return attempt.maps;
};

/** The leader wants chunks. */
export const mapWanted = (attempt: Attempt, key: string, from: number, sizes: readonly number[]): void =>
  attempt.maps?.get(key)?.wanted(from, sizes);

/** The results of a chunk are there. */
export const mapResult = (attempt: Attempt, key: string, from: number, to: number, text: string): void => {
  const step = journalOf(attempt).find(key);
  if (step === undefined) return;
  const maps = mapsOf(attempt);
  const run = maps.get(key) ?? new MapRun();
  maps.set(key, run);
  run.result(from, to, text);
  step.incomplete = step.ok === true && !run.complete;
};

export class MapRun {
  private host: Host | undefined = undefined;
  private attempt: Attempt | undefined = undefined;
  private definition: TaskDefinition | undefined = undefined;
  private key = '';
  private items: readonly unknown[] = [];
  private collect = false;
  /** The next item to hand over; −1: not known yet. */
  private cursor = -1;
  private readonly wantedSizes: number[] = [];
  private handingOver = false;
  private results: unknown[] = [];
  private resultsCount = 0;
  /** Results that came before the code called (M2). */
  private early: { readonly from: number; readonly to: number; readonly text: string }[] = [];

  open(
    host: Host,
    attempt: Attempt,
    key: string,
    definition: TaskDefinition,
    items: readonly unknown[],
    collect: boolean,
  ): void {
    // An item of a chunk that is repeated calls its map again: it stands where it stood.
    if (this.host !== undefined) return;
    this.host = host;
    this.attempt = attempt;
    this.key = key;
    this.definition = definition;
    this.items = items;
    this.collect = collect;
    this.results = new Array<unknown>(items.length);
    const early = this.early;
    this.early = [];
    for (const { from, to, text } of early) this.result(from, to, text);
  }

  get complete(): boolean {
    return this.host !== undefined && this.resultsCount === this.items.length;
  }

  /** Whether the leader may still ask for items, which only this memory holds. */
  get holdsItems(): boolean {
    return this.cursor < this.items.length;
  }

  wanted(from: number, sizes: readonly number[]): void {
    if (this.cursor < 0) this.cursor = from;
    this.wantedSizes.push(...sizes);
    if (!this.handingOver) this.handOver();
  }

  private handOver(): void {
    for (;;) {
      const size = this.wantedSizes.shift();
      if (size === undefined || this.cursor >= this.items.length) return;
      const chunk = this.items.slice(this.cursor, this.cursor + size);
      if (this.definition?.schema === undefined) this.sendChunk(chunk, false);
      else if (!this.validateAndSend(chunk)) return;
    }
  }

  /** False: a schema is still thinking about an item; it goes on by itself. */
  private validateAndSend(chunk: unknown[]): boolean {
    let left = chunk.length;
    let refused = false;
    let inCall = true;
    const settle = (at: number, outcome: unknown): void => {
      chunk[at] = outcome;
      if (--left > 0) return;
      this.sendChunk(chunk, refused);
      if (inCall) return;
      this.handingOver = false;
      this.handOver();
    };
    for (const [at, item] of chunk.entries()) {
      whenValid(
        this.host as Host,
        this.attempt as Attempt,
        this.definition as TaskDefinition,
        item,
        (valid) => settle(at, valid),
        (thrown) => {
          refused = true;
          settle(at, new ItemFailure(encodeError(thrown)));
        },
      );
    }
    inCall = false;
    this.handingOver = left > 0;
    return left === 0;
  }

  private sendChunk(chunk: readonly unknown[], holdsFailures: boolean): void {
    const from = this.cursor;
    const nameOf = (at: number): string => `items[${from + at}]`;
    let text = encodeOutcomes(chunk, holdsFailures, nameOf);
    let count = chunk.length;
    if (text.length > limits.chunkTextCharsMax && count > 1) [text, count] = shortened(chunk, nameOf);
    this.cursor = from + count;
    this.host?.send(this.attempt as Attempt, fromExecutor.mapChunk, this.key, from, this.cursor, text);
  }

  result(from: number, to: number, text: string): void {
    if (this.host === undefined) {
      this.early.push({ from, to, text });
      return;
    }
    const outcomes = decodeOutcomes(text);
    for (let at = 0; at < outcomes.length; at++) this.results[from + at] = outcomes[at];
    this.resultsCount += to - from;
  }

  /** The results in the order of the items. */
  outcomes(): unknown[] {
    if (!this.collect) return this.results;
    return this.results.map(
      (result): Settled<unknown> =>
        result instanceof ItemFailure ? { ok: false, error: result.error } : { ok: true, value: result },
    );
  }
}

/** As many items as fit into a chunk, at least one. */
const shortened = (chunk: readonly unknown[], nameOf: (at: number) => string): [text: string, count: number] => {
  const texts: string[] = [];
  let chars = 1;
  for (const [at, item] of chunk.entries()) {
    const text = encodeOutcome(item, nameOf(at));
    chars += text.length + 1;
    if (chars > limits.chunkTextCharsMax && texts.length > 0) break;
    texts.push(text);
  }
  return [`[${texts.join(',')}]`, texts.length];
};

const listOf = (items: unknown): readonly unknown[] => {
  if (Array.isArray(items)) return items.slice();
  const iterable = typeof items === 'object' && items !== null && Symbol.iterator in items;
  if (iterable) return Array.from(items as Iterable<unknown>);
  throw new TuttiError('OPTION_INVALID', 'ctx.map: the items are neither an array nor iterable', {
    details: { option: 'items' },
  });
};

const checkedOptions = (options: Options | undefined): { readonly collect: boolean; readonly concurrency: number } => {
  const onError: unknown = options?.onError ?? 'fail';
  const concurrency: unknown = options?.concurrency ?? 0;
  if (onError !== 'fail' && onError !== 'collect') throw invalid('onError', onError, "is neither 'fail' nor 'collect'");
  const whole = typeof concurrency === 'number' && Number.isInteger(concurrency) && concurrency >= 0;
  if (!whole || (concurrency === 0 && options?.concurrency !== undefined))
    throw invalid('concurrency', concurrency, 'is not an integer from 1');
  return { collect: onError === 'collect', concurrency };
};

const invalid = (option: string, value: unknown, complaint: string): TuttiError =>
  new TuttiError('OPTION_INVALID', `ctx.map: ${option} (${String(value)}) ${complaint}`, { details: { option } });
