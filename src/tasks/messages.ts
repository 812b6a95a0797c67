/**
 * Messages between the leader of a partition, the executors and the clients of one process. They travel in *flat arrays*:
 * one array per wake-up and peer, `[op, field, …, op, field, …]`, every op with a fixed number of fields (`arity`), because
 * structured cloning of one flat array costs a third of what an array of objects does. Fields are numbers, strings (values
 * are encoded text), undefined, or (a journal) one nested flat array.
 *
 * An *attempt* is named by three fields everywhere: partition, epoch, n. `n` is unique within the epoch, so the pair names
 * one grant for ever; a leader refuses what comes from any other (scenario T1). Executors treat epoch and n as opaque.
 */

/** What an executor may be told by a leader. The comment lists the fields after the op. */
export const toExecutor = {
  /**
   * Run this: partition, epoch, n, id, kind (`grantKind`), name, input text, tries (attempts that failed before), solo (1: this
   * task ended a thread before; run it with nothing beside it), time (record time of the task's first grant, ms: the same in every attempt), logCount (log lines already
   * recorded), timeoutMs (0: none), policy text or undefined, journal (flat array, `journalArity` fields an entry) or undefined.
   */
  grant: 1,
  /** A step has its result: partition, epoch, n, step key, ok (1 | 0), text (value or error), time. */
  stepResult: 2,
  /** A map wants chunks: partition, epoch, n, step key, from (index of the next item), sizes (number array, one chunk each). */
  mapWant: 3,
  /** Results of one chunk: partition, epoch, n, step key, from, to, text (JSON array text with one encoded outcome an item), time. */
  mapResult: 4,
  /** Stop it: partition, epoch, n, reason text (`cancelled`). Its reports are refused from now on. */
  cancel: 5,
  /** Give back what has not been started: partition, epoch, n. Answered by `returned` unless it runs. */
  revoke: 6,
  /**
   * A new leader asks what runs of its partition: partition, epoch. Answered by `runs`; what is not named there is let go of,
   * and grants of older epochs that still come are refused (scenario T2).
   */
  rollCall: 7,
  /**
   * So many more reports that are kept (`isKept`) are durable, or need not be: partition, epoch (of the leader), count. In the order in
   * which they were made, and only where a partition may get another leader.
   */
  taken: 8,
} as const;

/** What an executor tells a leader. Every message begins with partition, epoch, n, except `want` and `runs`. */
export const fromExecutor = {
  /** Can take work: count (grants wanted in addition to those asked for and not yet got; below 0: so many fewer). */
  want: 1,
  /** `ctx.run` finished: partition, epoch, n, step key, fingerprint, ok, text, tookMs (whole milliseconds, all its tries). Answered by `stepResult` once durable. */
  stepRun: 2,
  /** `ctx.sleep`: partition, epoch, n, step key, fingerprint, delayMs. Answered by `stepResult` when due. */
  stepSleep: 3,
  /** `ctx.call`: partition, epoch, n, step key, fingerprint, task name, input text, policy text | undefined, idempotency key | undefined. Answered by `stepResult` with the child's outcome. */
  stepCall: 4,
  /** `ctx.start`: as `stepCall`; answered by `stepResult` with the child's id (encoded text) once the child exists. */
  stepStart: 5,
  /** `handle.result()` of a started child: partition, epoch, n, step key, fingerprint, step key of the start. Answered by `stepResult` with the child's outcome. */
  stepJoin: 6,
  /** `ctx.map` begins or goes on: partition, epoch, n, step key, fingerprint, task name, item count, policy text | undefined, collect (0 | 1), concurrency (0: no limit). Answered by `mapWant`s, `mapResult`s and in the end `stepResult`. */
  mapOpen: 7,
  /** One chunk: partition, epoch, n, step key, from, to, text (JSON array text of encoded items). */
  mapChunk: 8,
  /** Finished: partition, epoch, n, result text, runMs. */
  done: 9,
  /** Threw: partition, epoch, n, error text (`encodeError`), retryable (1 | 0), runMs. */
  failed: 10,
  /** Waits only for steps and was dropped from memory: partition, epoch, n, results (how many `stepResult`s this attempt has received). It is granted again when a step has its result, at once if one was under way to it. */
  park: 11,
  /** A log line: partition, epoch, n, index (from 0, over the task's life), level, text (encoded value {message, fields}). */
  log: 12,
  /** Progress: partition, epoch, n, done, total (-1: unknown), message text or undefined. Not recorded. */
  progress: 13,
  /** Given back unstarted, on `revoke`: partition, epoch, n. */
  returned: 14,
  /** User code was entered for the first time: partition, epoch, n. Sent at the latest with the next message. */
  started: 15,
  /**
   * On `rollCall`: partition, epoch (of the call), flat array of epoch and n of each attempt that goes on or has ended with reports that
   * no leader has acknowledged, flat array of those reports, once more.
   */
  runs: 16,
} as const;

/**
 * Whether an executor keeps such a report until a leader has acknowledged it, and makes it again to the next one: without it work would
 * be done twice, or a line be lost.
 */
export const isKept = (op: unknown): boolean =>
  op === fromExecutor.done || op === fromExecutor.failed || op === fromExecutor.stepRun || op === fromExecutor.log;

/** A `rehearsal` is granted by no leader: its steps are called and not run (`execution/executor/rehearsal.ts`). */
export const grantKind = { task: 0, chunk: 1, rehearsal: 2, canary: 3 } as const;

/** States of a journal entry as a grant carries them. */
export const entryState = { pending: 0, ok: 1, failed: 2 } as const;

/**
 * Fields of one journal entry inside a grant: step key, fingerprint, state (`entryState`), text (result or error; '' while
 * pending), time. Entries with a result come first, in the order in which the results were recorded; pending ones follow. A
 * pending step must not be reported again: its `stepResult` will come. (A pending `map` is opened again with `mapOpen`; a
 * finished one has state ok and its chunks follow the grant as `mapResult` messages.)
 */
export const journalArity = 5;

/** What a client asks. Every message begins with a request number that the answer repeats. */
export const fromClient = {
  /**
   * Start: request, id, name, input text, policy text | undefined, key | undefined, delayMs, wait (1: answer with the outcome
   * instead of the acceptance), repeatable (1: the same start may have been sent before, under the same id).
   */
  start: 1,
  /** The outcome when it is there: request, id. */
  wait: 2,
  /** request, id. Answered with encoded text: the task's status (`TaskStatus`), undefined if unknown. */
  status: 3,
  /** request, partition, filter text (encoded). Answered with the encoded `TaskPage` of that partition; clients ask each partition and merge. */
  list: 4,
  /** request, id. */
  cancel: 5,
  /** request, id, request id | undefined (a repeat under the same one is answered as the first was). */
  retry: 6,
  /** request, id, from (index of the first line wanted). Answered with an encoded array of `LogLine`, a page of them; empty: there are no more. */
  logs: 7,
  /**
   * Follow a task: request, id, from (index of the first log line wanted). Events come as `toClient.event` with the same
   * request number. It ends with a reply: of the encoded index of a line if there are more lines than one answer may hold (to
   * be followed again from there), of encoded undefined after the task has ended.
   */
  follow: 8,
  /**
   * Gives up a wait, a start that waits, or a follow, all of the same request number: request, id, and for a start with a
   * key task name and key (else undefined). Not answered; an answer that is under way may still come.
   */
  giveUp: 9,
  /** request, id, fromStep. Answered with the text of a `TaskDetail`, or of undefined. */
  detail: 10,
  /** request, id (just minted). Answered when a task of the node's own is through (`request-canary.ts`). */
  canary: 11,
  /** request, on (1 | 0). An event without text now and then, when tasks of any partition have changed. Not for a partition. */
  changes: 12,
} as const;

export const toClient = {
  /** request, ok (1 | 0), text (value or error). */
  reply: 1,
  /** request, text (an encoded `TaskEvent`). */
  event: 2,
} as const;

type Arity<Ops extends Record<string, number>> = Readonly<Record<Ops[keyof Ops], number>>;

/** Fields after each op. */
export const toExecutorArity: Arity<typeof toExecutor> = { 1: 14, 2: 7, 3: 6, 4: 8, 5: 4, 6: 3, 7: 2, 8: 3 };
export const fromExecutorArity: Arity<typeof fromExecutor> = {
  1: 1,
  2: 8,
  3: 6,
  4: 9,
  5: 9,
  6: 6,
  7: 10,
  8: 7,
  9: 5,
  10: 6,
  11: 4,
  12: 6,
  13: 6,
  14: 3,
  15: 3,
  16: 4,
};
export const fromClientArity: Arity<typeof fromClient> = {
  1: 9,
  2: 2,
  3: 2,
  4: 3,
  5: 2,
  6: 3,
  7: 3,
  8: 3,
  9: 4,
  10: 3,
  11: 2,
  12: 2,
};
export const toClientArity: Arity<typeof toClient> = { 1: 3, 2: 2 };

/** A flat array under way. */
export type Flat = unknown[];

const holdsOnly = (flat: Flat, op: number, arity: number): boolean => {
  for (let at = 0; at < flat.length; at += 1 + arity) if (flat[at] !== op) return false;
  return true;
};

/** Whether an executor says no more than that tasks have begun: no leader waits for that. */
export const isUnhurriedReport = (flat: Flat): boolean =>
  holdsOnly(flat, fromExecutor.started, fromExecutorArity[fromExecutor.started]);

/** Whether a leader says no more than that reports are durable: no executor waits for that. */
export const isUnhurriedWord = (flat: Flat): boolean =>
  holdsOnly(flat, toExecutor.taken, toExecutorArity[toExecutor.taken]);

/** Adds the fields of messages to an array that is on its way out. */
export const appendFlat = (out: Flat, fields: readonly unknown[]): void => {
  for (const field of fields) out.push(field);
};
