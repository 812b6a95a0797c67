/**
 * The tables of tasks. While a task is alive, what is written once is its row in `spec`, and what changes that in `state`,
 * which a task has from its first grant on: before, it is queued. A finished task has one row, in `done`, instead of both:
 * so a new leader scans only what is alive, and one row a task is kept. A long input is a row by itself, written once.
 *
 * Keys begin with the *task key*: the id rotated so that its mint time comes first; rows are then appended to the store
 * rather than inserted all over it.
 */
import { defineTable } from '../partition/table.ts';
import { keyOfUint } from '../values/ordered-key.ts';
import { attemptTable, heatTable } from './history-tables.ts';
import { removedTable } from './removed-table.ts';

/** Who is to be told the outcome: a step of another task. `chunk` is -1 unless this task is a chunk of a map. */
export type ParentRef = {
  readonly partition: number;
  readonly key: string;
  readonly step: number;
  readonly chunk: number;
};

export type SpecRow = {
  readonly name: string;
  /** Undefined: it is long, and has a row in `inputs`. */
  readonly input: string | undefined;
  /** `grantKind`. */
  readonly kind: number;
  readonly policy: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly createdAt: number;
  readonly parent: ParentRef | undefined;
  readonly priority: number;
  /** Reserved for authorization and tracing. */
  readonly principal: string | undefined;
  readonly namespace: string | undefined;
  readonly traceId: string | undefined;
};

export const taskStatus = {
  scheduled: 0,
  queued: 1,
  running: 2,
  waiting: 3,
  completed: 4,
  failed: 5,
  cancelled: 6,
} as const;

export type StateRow = {
  /** `scheduled` to `waiting` of `taskStatus`. */
  readonly status: number;
  /** Attempts that failed. */
  readonly tries: number;
  /** Times in a row that it was running when its thread or process ended. */
  readonly crashes: number;
  /** The last attempt granted (0: none yet). */
  readonly epoch: number;
  readonly n: number;
  /** Record time at which a scheduled one is due. */
  readonly dueAt: number;
  readonly startedAt: number;
  /** Rows in `watchers`. */
  readonly watchers: number;
  /** Attempts that ended without ending the task, over its whole life (`attempt-rows.ts`). */
  readonly endedAttempts: number;
  /** Record time at which the attempt began that runs or is parked; 0: none, or it is the first, which began at `startedAt`. */
  readonly attemptAt: number;
  /** Ids of the newest requests that made it run again, oldest first. */
  readonly retries: readonly string[] | undefined;
};

export type DoneRow = {
  /** `completed` to `cancelled` of `taskStatus`. */
  readonly status: number;
  /** The result or the error. */
  readonly text: string;
  readonly finishedAt: number;
  readonly startedAt: number;
  readonly tries: number;
  /** 1 if there may be rows in `steps`, `logs`, `maps`, `heats`, `chunks`, `attempts`. */
  readonly journal: number;
  readonly spec: SpecRow;
  /** As in the state. */
  readonly retries: readonly string[] | undefined;
};

export const stepKind = { run: 0, sleep: 1, call: 2, start: 3, join: 4, map: 5 } as const;

export type StepRow = {
  readonly stepKey: string;
  readonly kind: number;
  readonly fingerprint: string;
  /** `entryState`. */
  readonly state: number;
  readonly text: string;
  /** Order among results (`sequence()` when it was recorded), 0 while pending. */
  readonly order: number;
  /** When it got its result; while it is pending, when it was begun. */
  readonly time: number;
  /** Milliseconds from its begin to `time`; undefined in rows of before this was recorded. */
  readonly tookMs: number | undefined;
  /** sleep: when it is due. */
  readonly dueAt: number;
  /** call, start: the child's id. join: the step key of the start. */
  readonly target: string;
  /** start: the child's outcome once it is there: `entryState` and text. */
  readonly outcome: number;
  readonly outcomeText: string;
  /** start: 1 + index of the newest step that joins the child. join: 1 + index of the one before it. 0: none. */
  readonly joins: number;
};

export type MapRow = {
  readonly name: string;
  readonly count: number;
  readonly cursor: number;
  readonly chunks: number;
  /** Chunks, and items in them, whose results are there. */
  readonly chunksDone: number;
  readonly itemsDone: number;
  readonly policy: string | undefined;
  readonly collect: number;
  readonly concurrency: number;
};

export type ChunkRow = {
  readonly from: number;
  readonly to: number;
  readonly childId: string;
  /** Undefined until it is there. */
  readonly text: string | undefined;
};

export type LogRow = { readonly time: number; readonly level: string; readonly text: string; readonly tries: number };

/** `whole`: with all its fields, because others follow. */
const pushSpec = (fields: unknown[], row: SpecRow, whole = false): void => {
  fields.push(
    row.name,
    row.input ?? null,
    row.kind,
    row.createdAt,
    row.priority,
    row.policy ?? null,
    row.idempotencyKey ?? null,
  );
  const reserved = whole || row.principal !== undefined || row.namespace !== undefined || row.traceId !== undefined;
  if (row.parent !== undefined) fields.push(row.parent.partition, row.parent.key, row.parent.step, row.parent.chunk);
  else if (reserved) fields.push(-1, '', 0, 0);
  if (reserved) fields.push(row.principal ?? null, row.namespace ?? null, row.traceId ?? null);
};

/** Of a whole one. */
const specFields = 14;

const specAt = (fields: readonly unknown[], at: number): SpecRow => ({
  name: fields[at] as string,
  input: (fields[at + 1] ?? undefined) as string | undefined,
  kind: fields[at + 2] as number,
  createdAt: fields[at + 3] as number,
  priority: fields[at + 4] as number,
  policy: (fields[at + 5] ?? undefined) as string | undefined,
  idempotencyKey: (fields[at + 6] ?? undefined) as string | undefined,
  parent:
    fields.length > at + 7 && fields[at + 7] !== -1
      ? {
          partition: fields[at + 7] as number,
          key: fields[at + 8] as string,
          step: fields[at + 9] as number,
          chunk: fields[at + 10] as number,
        }
      : undefined,
  principal: (fields[at + 11] ?? undefined) as string | undefined,
  namespace: (fields[at + 12] ?? undefined) as string | undefined,
  traceId: (fields[at + 13] ?? undefined) as string | undefined,
});

const specChars = (row: SpecRow): number =>
  100 + row.name.length + (row.input?.length ?? 0) + (row.policy?.length ?? 0);

export const specTable = defineTable<SpecRow>({
  id: 16,
  name: 'spec',
  growing: true,
  toFields: (row) => {
    const fields: unknown[] = [];
    pushSpec(fields, row);
    return fields;
  },
  chars: specChars,
  fromFields: (fields) => specAt(fields, 0),
});

export const stateTable = defineTable<StateRow>({
  id: 17,
  name: 'state',
  growing: true,
  toFields: (row) => {
    const fields: unknown[] = [row.status, row.tries, row.crashes, row.epoch, row.n, row.dueAt, row.startedAt];
    fields.push(row.watchers);
    if (row.endedAttempts > 0 || row.retries !== undefined) fields.push(row.endedAttempts, row.attemptAt);
    if (row.retries !== undefined) fields.push(row.retries);
    return fields;
  },
  chars: () => 64,
  fromFields: (fields) => ({
    status: fields[0] as number,
    tries: fields[1] as number,
    crashes: fields[2] as number,
    epoch: fields[3] as number,
    n: fields[4] as number,
    dueAt: fields[5] as number,
    startedAt: fields[6] as number,
    watchers: fields[7] as number,
    endedAttempts: (fields[8] ?? 0) as number,
    attemptAt: (fields[9] ?? 0) as number,
    retries: fields[10] as readonly string[] | undefined,
  }),
});

export const doneTable = defineTable<DoneRow>({
  id: 18,
  name: 'done',
  growing: true,
  toFields: (row) => {
    const fields: unknown[] = [row.status, row.text, row.finishedAt, row.startedAt, row.tries, row.journal];
    pushSpec(fields, row.spec, row.retries !== undefined);
    if (row.retries !== undefined) fields.push(row.retries);
    return fields;
  },
  chars: (row) => 48 + row.text.length + specChars(row.spec),
  fromFields: (fields) => ({
    status: fields[0] as number,
    text: fields[1] as string,
    finishedAt: fields[2] as number,
    startedAt: fields[3] as number,
    tries: fields[4] as number,
    journal: fields[5] as number,
    spec: specAt(fields, 6),
    retries: fields[6 + specFields] as readonly string[] | undefined,
  }),
});

/** Key: task key, index of the step in order of its first report. */
export const stepTable = defineTable<StepRow>({
  id: 19,
  name: 'steps',
  growing: true,
  toFields: (row) => {
    const fields: unknown[] = [row.stepKey, row.kind, row.fingerprint, row.state, row.text, row.order, row.time];
    if (row.kind !== stepKind.run) fields.push(row.dueAt, row.target, row.outcome, row.outcomeText, row.joins);
    if (row.tookMs !== undefined) fields.push(row.tookMs);
    return fields;
  },
  fromFields: (fields) => {
    const isRun = fields[1] === stepKind.run;
    return {
      stepKey: fields[0] as string,
      kind: fields[1] as number,
      fingerprint: fields[2] as string,
      state: fields[3] as number,
      text: fields[4] as string,
      order: fields[5] as number,
      time: fields[6] as number,
      dueAt: isRun ? 0 : (fields[7] as number),
      target: isRun ? '' : (fields[8] as string),
      outcome: isRun ? 0 : (fields[9] as number),
      outcomeText: isRun ? '' : (fields[10] as string),
      joins: isRun ? 0 : (fields[11] as number),
      tookMs: fields[isRun ? 7 : 12] as number | undefined,
    };
  },
});

/** Key: hash of task name and idempotency key. */
export const keyTable = defineTable<{ readonly id: string }>({
  id: 20,
  name: 'keys',
  toFields: (row) => [row.id],
  fromFields: (fields) => ({ id: fields[0] as string }),
});

/** Key: task key, index of the line. */
export const logTable = defineTable<LogRow>({
  id: 21,
  name: 'logs',
  growing: true,
  toFields: (row) => [row.time, row.level, row.text, row.tries],
  fromFields: (fields) => ({
    time: fields[0] as number,
    level: fields[1] as string,
    text: fields[2] as string,
    tries: fields[3] as number,
  }),
});

/** Key: task key, index of the step. */
export const mapTable = defineTable<MapRow>({
  id: 22,
  name: 'maps',
  growing: true,
  toFields: (row) => [
    row.name,
    row.count,
    row.cursor,
    row.chunks,
    row.chunksDone,
    row.itemsDone,
    row.policy ?? null,
    row.collect,
    row.concurrency,
  ],
  fromFields: (fields) => ({
    name: fields[0] as string,
    count: fields[1] as number,
    cursor: fields[2] as number,
    chunks: fields[3] as number,
    chunksDone: fields[4] as number,
    itemsDone: fields[5] as number,
    policy: (fields[6] ?? undefined) as string | undefined,
    collect: fields[7] as number,
    concurrency: fields[8] as number,
  }),
});

/** Key: task key, index of the step, number of the chunk. */
export const chunkTable = defineTable<ChunkRow>({
  id: 23,
  name: 'chunks',
  growing: true,
  toFields: (row) => [row.from, row.to, row.childId, row.text ?? null],
  fromFields: (fields) => ({
    from: fields[0] as number,
    to: fields[1] as number,
    childId: fields[2] as string,
    text: (fields[3] ?? undefined) as string | undefined,
  }),
});

/** Inputs longer than `inlineInputChars`. Key: task key. */
export const inputTable = defineTable<{ readonly text: string }>({
  id: 25,
  name: 'inputs',
  growing: true,
  toFields: (row) => [row.text],
  fromFields: (fields) => ({ text: fields[0] as string }),
});

/** Further steps that wait for a task with an idempotency key. Key: task key, number. */
export const watcherTable = defineTable<ParentRef>({
  id: 24,
  name: 'watchers',
  growing: true,
  toFields: (row) => [row.partition, row.key, row.step, row.chunk],
  fromFields: (fields) => ({
    partition: fields[0] as number,
    key: fields[1] as string,
    step: fields[2] as number,
    chunk: fields[3] as number,
  }),
});

export const taskTables = [
  specTable,
  stateTable,
  doneTable,
  stepTable,
  keyTable,
  logTable,
  mapTable,
  chunkTable,
  watcherTable,
  inputTable,
  attemptTable,
  heatTable,
  removedTable,
];

/** Key of the row number `index` that belongs to a task. */
export const rowKey = (taskKey: string, index: number): string => taskKey + keyOfUint(index, 4);
export const chunkKey = (taskKey: string, step: number, chunk: number): string =>
  taskKey + keyOfUint(step, 4) + keyOfUint(chunk, 4);
