/**
 * For development: sees to it that the code of tasks does the same each time it runs. After each step that is recorded, a task
 * is run once more, beside itself, on what is recorded of it; what that rehearsal does is compared with what the task did.
 *
 * It stands between an executor and its leaders and reads the flat arrays that pass; the rehearsals run in an executor of their
 * own, on which nothing that they do is sent, printed or done: a rehearsal calls steps and does not run them.
 *
 * H1  One rehearsal of a task at a time: the next one has all that the last one had, and supersedes it.
 * H2  What a task ends with is held back until the rehearsal has ended too, `rehearsalHoldMs` at most.
 * H3  A difference ends the task with `TASK_NONDETERMINISTIC`, which tells both sides.
 *
 * Items of maps are not rehearsed, nor tasks whose results are beyond `rehearsalCharsMax`.
 */
import type { AppCatalogue } from '../../app/catalogue-of-app.ts';
import { taskFailure } from '../../errors/task-failure.ts';
import type { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import {
  appendFlat,
  entryState,
  type Flat,
  fromExecutor,
  fromExecutorArity,
  grantKind,
  journalArity,
  toExecutor,
  toExecutorArity,
} from '../../tasks/messages.ts';
import { decodeError, encodeError } from '../../values/codec.ts';
import { ExecutorCore } from './executor-core.ts';
import { inRootContext } from './scope.ts';
import { nondeterministic, shownCall, shownInput } from './steps.ts';

export type RehearsalOptions = {
  readonly env: Env;
  readonly app: AppCatalogue;
  /** Sends a flat array to a leader's thread. */
  readonly send: (peer: number, flat: Flat) => void;
  /** An attempt of a task failed; `text`: the encoded error. */
  readonly failed: (task: FailedTask, text: string) => void;
};

export type FailedTask = {
  readonly id: string;
  readonly name: string;
  /** From 1. */
  readonly attempt: number;
  readonly retryable: boolean;
};

/** What an attempt of a task has been through. */
type Part = {
  readonly peer: number;
  /** The grant, with its op and without its journal. */
  readonly grant: Flat;
  readonly id: string;
  readonly name: string;
  /** Entries of a journal, those with results, in the order in which they were recorded. */
  readonly journal: Flat;
  /** `mapResult`s that belong to it. */
  readonly mapResults: Flat;
  /** The steps that it has called, by their keys. */
  readonly called: Map<string, { readonly fingerprint: string; readonly shown: string }>;
  chars: number;
  /** How many results the last rehearsal had; what it ended with, and the keys of the steps it called anew. */
  rehearsed: number;
  ended: Outcome | undefined;
  news: string[];
  /** What it ended with, held back (H2). */
  held: { readonly message: Flat; readonly outcome: Outcome; readonly cancelLimit: () => void } | undefined;
};

type Outcome = { readonly ok: boolean; readonly text: string };

/** Up to so many results each is followed by a rehearsal; then one follows when a tenth has been added. */
const eachUpTo = 100;
const shownCharsMax = 300;

export class Rehearsal {
  readonly core: ExecutorCore;
  readonly #options: RehearsalOptions;
  readonly #parts = new Map<string, Part>();
  #executor: ExecutorCore | undefined;

  constructor(options: RehearsalOptions) {
    this.#options = options;
    const { env, app } = options;
    this.core = new ExecutorCore({ env, app, send: (_peer, flat) => this.#rehearsalSaid(flat), slots: 1_000 });
    this.core.addPeer(0);
  }

  /** The executor whose tasks are rehearsed: what it sends comes to `said`. */
  watch(executor: ExecutorCore): void {
    this.#executor = executor;
  }

  /** A leader's flat array, which is handed on. */
  readonly told = (peer: number, flat: Flat): void => {
    const due: Part[] = [];
    for (let at = 0; at < flat.length; at += 1 + toExecutorArity[flat[at] as keyof typeof toExecutorArity]) {
      if (flat[at] === toExecutor.grant) this.#granted(peer, flat, at);
      else if (flat[at] === toExecutor.rollCall) this.#forgetAll(flat[at + 1] as number);
      else {
        const part = this.#parts.get(keyOf(flat, at + 1));
        if (part !== undefined && this.#toldPart(part, flat, at)) due.push(part);
      }
    }
    this.#executor?.receive(peer, flat);
    // The task itself goes first.
    const rehearse = (): void => {
      for (const part of due) this.#rehearseIfDue(part);
    };
    if (due.length > 0) setImmediate(inRootContext(rehearse));
  };

  /** The executor's flat array, which is handed on but for what is held back. */
  readonly said = (peer: number, flat: Flat): void => {
    const out: Flat = [];
    for (let at = 0; at < flat.length; ) {
      const op = flat[at] as keyof typeof fromExecutorArity;
      const message = flat.slice(at, at + 1 + fromExecutorArity[op]);
      at += message.length;
      const part =
        op === fromExecutor.want || op === fromExecutor.runs ? undefined : this.#parts.get(keyOf(message, 1));
      if (part === undefined || !this.#saidByPart(part, op, message)) appendFlat(out, message);
    }
    if (out.length > 0) this.#options.send(peer, out);
  };

  /** The node closes: what was held back is told. */
  close(): void {
    for (const part of [...this.#parts.values()]) {
      if (part.held !== undefined) this.#options.send(part.peer, part.held.message);
      this.#forget(part);
    }
    this.core.close();
  }

  #granted(peer: number, flat: Flat, at: number): void {
    if (flat[at + 5] !== grantKind.task) return;
    const grant = flat.slice(at, at + toExecutorArity[toExecutor.grant]);
    const entries = (flat[at + toExecutorArity[toExecutor.grant]] as Flat | undefined) ?? [];
    const part: Part = {
      peer,
      grant,
      id: flat[at + 4] as string,
      name: flat[at + 6] as string,
      journal: [],
      mapResults: [],
      called: new Map(),
      chars: 0,
      rehearsed: 0,
      ended: undefined,
      news: [],
      held: undefined,
    };
    for (let entry = 0; entry < entries.length; entry += journalArity) {
      const [key, fingerprint, state] = entries.slice(entry, entry + 3) as [string, string, number];
      part.called.set(key, { fingerprint, shown: '' });
      if (state !== entryState.pending) appendFlat(part.journal, entries.slice(entry, entry + journalArity));
    }
    // What it had before it came here has been replayed for real.
    part.rehearsed = resultsOf(part);
    this.#parts.set(keyOf(flat, at + 1), part);
  }

  /** True: a result was added. */
  #toldPart(part: Part, flat: Flat, at: number): boolean {
    switch (flat[at]) {
      case toExecutor.stepResult: {
        const [key, ok, text, time] = flat.slice(at + 4, at + 8) as [string, number, string, number];
        const fingerprint = part.called.get(key)?.fingerprint ?? '';
        part.journal.push(key, fingerprint, ok === 1 ? entryState.ok : entryState.failed, text, time);
        part.chars += text.length;
        return true;
      }
      case toExecutor.mapResult:
        appendFlat(part.mapResults, flat.slice(at, at + 1 + toExecutorArity[toExecutor.mapResult]));
        part.chars += (flat[at + 7] as string).length;
        return false;
      case toExecutor.cancel:
      case toExecutor.revoke:
        this.#forget(part);
        return false;
      default:
        return false;
    }
  }

  /** True: it is held back. */
  #saidByPart(part: Part, op: number, message: Flat): boolean {
    switch (op) {
      case fromExecutor.done:
      case fromExecutor.failed:
        return this.#ended(part, op === fromExecutor.done, message);
      case fromExecutor.park:
      case fromExecutor.returned:
        this.#forget(part);
        return false;
      default:
        if (isStep(op)) {
          const [key, fingerprint] = message.slice(4) as [string, string];
          part.called.set(key, { fingerprint, shown: shownOf(op, message) });
        }
        return false;
    }
  }

  #ended(part: Part, ok: boolean, message: Flat): boolean {
    const text = message[4] as string;
    if (!ok) this.#tellFailure(part, text, message[5] === 1);
    const told = !ok && codeOf(text) === 'TASK_NONDETERMINISTIC';
    if (told || resultsOf(part) === 0 || part.chars > limits.rehearsalCharsMax) {
      this.#forget(part);
      return false;
    }
    const limit = inRootContext(() => this.#late(part));
    const cancelLimit = this.#options.env.timers.after(limits.rehearsalHoldMs, limit);
    part.held = { message, outcome: { ok, text }, cancelLimit };
    if (part.rehearsed < resultsOf(part)) this.#rehearse(part);
    else if (part.ended !== undefined) this.#compare(part, part.ended, part.held.outcome);
    else if (part.news.length === 0) this.#rehearse(part);
    return true;
  }

  #rehearseIfDue(part: Part): void {
    const count = resultsOf(part);
    if (this.#parts.get(keyOf(part.grant, 1)) !== part || part.chars > limits.rehearsalCharsMax) return;
    if (part.held === undefined && count > eachUpTo && count < part.rehearsed * 1.1) return;
    if (count > part.rehearsed) this.#rehearse(part);
  }

  #rehearse(part: Part): void {
    this.#stopRehearsal(part);
    part.rehearsed = resultsOf(part);
    const grant = [...part.grant, part.journal.slice()];
    grant[5] = grantKind.rehearsal;
    // Nothing runs beside it that it could disturb; of its lines none is new; and the task itself watches its time.
    grant[9] = 0;
    grant[11] = Number.POSITIVE_INFINITY;
    grant[12] = 0;
    this.core.receive(0, [...grant, ...part.mapResults]);
  }

  #stopRehearsal(part: Part): void {
    if (part.rehearsed > 0) this.core.receive(0, [toExecutor.cancel, ...part.grant.slice(1, 4), 'rehearsed again']);
    part.ended = undefined;
    part.news = [];
  }

  /** What a rehearsal tells. */
  #rehearsalSaid(flat: Flat): void {
    for (let at = 0; at < flat.length; ) {
      const op = flat[at] as keyof typeof fromExecutorArity;
      const message = flat.slice(at, at + 1 + fromExecutorArity[op]);
      at += message.length;
      if (op === fromExecutor.want) continue;
      const part = this.#parts.get(keyOf(message, 1));
      if (part === undefined) continue;
      if (isStep(op)) part.news.push(shownCall(message[4] as string, shownOf(op, message)));
      else if (op === fromExecutor.done || op === fromExecutor.failed)
        this.#rehearsalEnded(part, { ok: op === fromExecutor.done, text: message[4] as string });
    }
  }

  #rehearsalEnded(part: Part, outcome: Outcome): void {
    part.ended = outcome;
    if (!outcome.ok && codeOf(outcome.text) === 'TASK_NONDETERMINISTIC') {
      const { details } = decodeError(outcome.text) as TuttiError;
      const { expected, found } = details as { expected: string; found: string };
      this.#differs(part, shownCall(expected, part.called.get(expected)?.shown ?? ''), found);
    } else if (part.held !== undefined) this.#compare(part, outcome, part.held.outcome);
  }

  #compare(part: Part, rehearsed: Outcome, real: Outcome): void {
    const same = rehearsed.ok
      ? real.ok && rehearsed.text === real.text
      : !real.ok && decodeError(rehearsed.text).message === decodeError(real.text).message;
    if (same) this.#letGo(part);
    else this.#differs(part, outcomeText(real), outcomeText(rehearsed));
  }

  /** It does not end as the task did: it may be on another way, or just take its time. */
  #late(part: Part): void {
    const { held } = part;
    if (held === undefined) return;
    const other = part.news.find((shown) => ![...part.called.keys()].some((key) => shown.startsWith(key)));
    if (other === undefined) this.#letGo(part);
    else this.#differs(part, outcomeText(held.outcome), other);
  }

  #letGo(part: Part): void {
    const { held } = part;
    this.#forget(part);
    if (held !== undefined) this.#options.send(part.peer, held.message);
  }

  #differs(part: Part, expected: string, found: string): void {
    const count = part.rehearsed;
    const error = taskFailure(
      nondeterministic(
        part,
        `run again on what was recorded of ${count} ${count === 1 ? 'step' : 'steps'}, it did something else`,
        expected,
        found,
      ),
      part.name,
      part.id,
    );
    const text = encodeError(error);
    const names = part.grant.slice(1, 4);
    const running = part.held === undefined;
    this.#forget(part);
    this.#tellFailure(part, text, false);
    this.#options.send(part.peer, [fromExecutor.failed, ...names, text, 0, 0]);
    if (running) this.#executor?.receive(part.peer, [toExecutor.cancel, ...names, 'stopped: it is not deterministic']);
  }

  #tellFailure({ id, name, grant }: Part, text: string, retryable: boolean): void {
    this.#options.failed({ id, name, attempt: (grant[8] as number) + 1, retryable }, text);
  }

  #forget(part: Part): void {
    part.held?.cancelLimit();
    this.#parts.delete(keyOf(part.grant, 1));
    this.#stopRehearsal(part);
  }

  /** A new leader: attempts get other names. */
  #forgetAll(partition: number): void {
    for (const part of [...this.#parts.values()]) if (part.grant[1] === partition) this.#forget(part);
  }
}

/** What names an attempt: partition, epoch, n, from `flat[at]` on. */
const keyOf = (flat: Flat, at: number): string => `${flat[at]} ${flat[at + 1]} ${flat[at + 2]}`;

const resultsOf = ({ journal }: Part): number => journal.length / journalArity;

const codeOf = (text: string): unknown => Reflect.get(decodeError(text), 'code');

const isStep = (op: number): boolean => op >= fromExecutor.stepRun && op <= fromExecutor.mapOpen;

/** What of a report of a step tells it from others of its key. */
const shownOf = (op: number, message: Flat): string => {
  if (op === fromExecutor.stepCall || op === fromExecutor.stepStart) return shownInput(message[7] as string);
  return op === fromExecutor.mapOpen ? `${message[7]} items` : '';
};

const outcomeText = ({ ok, text }: Outcome): string =>
  ok ? `the result ${clipped(text)}` : `the error ${clipped(decodeError(text).message)}`;

const clipped = (text: string): string => (text.length > shownCharsMax ? `${text.slice(0, shownCharsMax)}…` : text);
