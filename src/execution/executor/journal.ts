/**
 * What one attempt of a task knows of its steps: which are recorded, and in which order the code is told.
 *
 * J1  A step's key is its identity (kind, name, count among equals); a call with a known key is that step again.
 * J2  Results are told in the order in which they were recorded, one at a time; a result whose step the code has not
 *     called yet holds back those behind it.
 * J3  While recorded results are untold, a call of a step that is not known is held; it begins when all are told.
 * J4  What has been told is forgotten here: the memory of a long task does not grow with its steps. (A chunk keeps what its
 *     present item was told until that item is through, so that the item can be repeated.)
 *
 * Pure: it calls what it is given and nothing else.
 */

import { entryState, type Flat, journalArity } from '../../tasks/messages.ts';

/** A step as the attempt knows it. */
export class Step {
  readonly key: string;
  fingerprint: string;
  /** Its result: ok, and the text of a value or an error. Undefined while pending. */
  ok: boolean | undefined = undefined;
  text = '';
  timeMs = 0;
  /** Takes the result over to the code that called. Undefined until the code has called. */
  tell: ((step: Step) => void) | undefined = undefined;
  /** Whether the leader holds it already (or will be told by what runs), so that it must not be reported again. */
  recorded: boolean;
  /** True while something that belongs to the result is still to come (a map's chunks). */
  incomplete = false;

  constructor(key: string, fingerprint: string, recorded: boolean) {
    this.key = key;
    this.fingerprint = fingerprint;
    this.recorded = recorded;
  }
}

export class Journal {
  private readonly steps = new Map<string, Step>();
  /** Steps with a result; those before `next` are told. */
  private results: Step[] = [];
  private next = 0;
  private held: { readonly step: Step; readonly begin: () => void }[] = [];
  /** Steps told since `forget`; undefined where nothing is kept. */
  private kept: Step[] | undefined;
  /** Grows with everything that happens: two equal readings mean that nothing did. */
  changes = 0;

  constructor(entries?: Flat, keeps = false) {
    this.kept = keeps ? [] : undefined;
    if (entries === undefined) return;
    for (let at = 0; at < entries.length; at += journalArity) {
      const step = new Step(entries[at] as string, entries[at + 1] as string, true);
      this.steps.set(step.key, step);
      if (entries[at + 2] !== entryState.pending) {
        this.settle(step, entries[at + 2] === entryState.ok, entries[at + 3] as string, entries[at + 4] as number);
      }
    }
  }

  /** Whether recorded results have not been told yet. */
  get replaying(): boolean {
    return this.next < this.results.length;
  }

  /** The step that the code calls: a recorded one, or a new one. */
  call(key: string, fingerprint: string): Step {
    this.changes++;
    const known = this.steps.get(key);
    if (known !== undefined) return known;
    const step = new Step(key, fingerprint, false);
    this.steps.set(key, step);
    return step;
  }

  find(key: string): Step | undefined {
    return this.steps.get(key);
  }

  /** Begins a new step: now, or when the replay is through (J3). */
  beginWhenReplayed(step: Step, begin: () => void): void {
    if (this.replaying) this.held.push({ step, begin });
    else begin();
  }

  /** A result arrived. False: no such step is waiting for one, and nothing changed. */
  result(key: string, ok: boolean, text: string, timeMs: number): boolean {
    const step = this.steps.get(key);
    if (step === undefined || step.ok !== undefined) return false;
    this.changes++;
    this.settle(step, ok, text, timeMs);
    return true;
  }

  private settle(step: Step, ok: boolean, text: string, timeMs: number): void {
    step.ok = ok;
    step.text = text;
    step.timeMs = timeMs;
    this.results.push(step);
  }

  /** The next result that can be told now. */
  tellable(): Step | undefined {
    const step = this.results[this.next];
    return step?.tell === undefined || step.incomplete ? undefined : step;
  }

  /** Takes the step that `tellable` gave out of the journal, and begins what was held if it was the last. */
  told(step: Step): void {
    this.changes++;
    if (this.kept === undefined) this.steps.delete(step.key);
    else this.kept.push(step);
    this.next++;
    if (this.next === this.results.length) {
      this.results = [];
      this.next = 0;
    }
  }

  /** The code whose keys begin with `prefix` is through: it will not ask again. */
  forget(prefix: string): void {
    for (const step of this.kept ?? []) this.steps.delete(step.key);
    if (this.kept !== undefined) this.kept = [];
    if (this.steps.size === 0) return;
    for (const key of this.steps.keys()) if (key.startsWith(prefix)) this.steps.delete(key);
    this.held = this.held.filter(({ step }) => !step.key.startsWith(prefix));
    this.results = this.results.slice(this.next).filter((step) => !step.key.startsWith(prefix));
    this.next = 0;
  }

  /** The code begins again: what it was told will be told anew, what is pending stays so, what was held never was. */
  rewind(): void {
    this.changes++;
    for (const { step } of this.held) this.steps.delete(step.key);
    this.held = [];
    this.results = [...(this.kept ?? []), ...this.results.slice(this.next)];
    this.next = 0;
    if (this.kept !== undefined) this.kept = [];
    for (const step of this.steps.values()) {
      step.tell = undefined;
      step.recorded = true;
    }
  }

  /** Begins what was held back, once the replay is through. */
  releaseHeld(): void {
    if (this.held.length === 0 || this.replaying) return;
    const held = this.held;
    this.held = [];
    this.changes++;
    for (const { begin } of held) begin();
  }

  /**
   * The step that the journal expects and the one that was found instead, if the code can get no further by itself (J3 holds
   * a call and J2 waits for another); whether anything else of the code can still run is the caller's to know.
   */
  stuck(): { readonly expected: string; readonly found: string } | undefined {
    const expected = this.results[this.next];
    const found = this.held[0];
    if (expected === undefined || found === undefined || expected.tell !== undefined) return undefined;
    return { expected: expected.key, found: found.step.key };
  }

  /** Forgets everything, so that nothing of a dropped attempt is kept alive. */
  clear(): void {
    this.steps.clear();
    this.results = [];
    this.next = 0;
    this.held = [];
    if (this.kept !== undefined) this.kept = [];
  }
}
