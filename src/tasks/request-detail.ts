/**
 * One task with its attempts and steps, and what it waits for. Values are handed on as the texts that they are; how many rows
 * are read, and characters in them, is bounded.
 */
import { limits } from '../limits.ts';
import { type AttemptView, type MapView, stepKindNames, type WaitView } from '../protocol/task-detail.ts';
import { decodeError, encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { reply } from './answers.ts';
import { attemptRows, hasAttempt, startOfAttempt } from './attempt-rows.ts';
import type { Live, TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { heatOf } from './map-heat.ts';
import { entryState } from './messages.ts';
import { objectText, shownText } from './shown-text.ts';
import { statusOf } from './status.ts';
import {
  type DoneRow,
  doneTable,
  mapTable,
  rowKey,
  type SpecRow,
  type StateRow,
  type StepRow,
  specTable,
  stateTable,
  stepKind,
  stepTable,
  taskStatus,
} from './tables.ts';
import { inputOf, newState } from './task-rows.ts';

const valueCharsMax = 256 * 1024;
const stepValueCharsMax = 4 * 1024;
const stepCharsRead = 8 * 1024 * 1024;

/** Answers with the text of a `TaskDetail`, or of undefined, with steps from `fromStep` on. */
export const requestDetail = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: Waiter,
  id: string,
  fromStep: number,
): void => reply(tx, from, 1, detailText(leader, tx, taskKey(id), Math.max(0, Math.floor(fromStep) || 0)));

const detailText = (leader: TaskLeader, tx: TaskTransaction, key: string, fromStep: number): string => {
  const status = statusOf(leader, tx, key);
  if (status === undefined) return encodeValue(undefined);
  const done = tx.get(doneTable, key);
  const spec = (done?.spec ?? tx.get(specTable, key)) as SpecRow;
  const state = tx.get(stateTable, key) ?? newState;
  const live = leader.live.get(key);
  const { steps, next, children } = stepsFrom(tx, key, fromStep);
  return objectText({
    status: encodeValue(status),
    input: shownText(inputOf(tx, key, spec), valueCharsMax),
    result: done?.status === taskStatus.completed ? shownText(done.text, valueCharsMax) : undefined,
    parentStep: spec.parent === undefined ? undefined : String(spec.parent.step),
    children: String(children),
    attempts: encodeValue(done === undefined ? attemptsAlive(tx, key, state, live) : attemptsDone(tx, key, done)),
    steps: `[${steps.join(',')}]`,
    nextStep: next === undefined ? undefined : String(next),
    waitsFor: encodeValue(done === undefined ? waitsOf(tx, key, state, live) : []),
  });
};

const dateOf = (timeMs: number): Date | undefined => (timeMs === 0 ? undefined : new Date(timeMs));

const attemptsEnded = (tx: TaskTransaction, key: string): AttemptView[] =>
  attemptRows(tx, key).map(({ n, startedAt, endedAt, text }) => ({
    n,
    startedAt: dateOf(startedAt),
    endedAt: new Date(endedAt),
    error: text === '' ? undefined : decodeError(text),
    executor: undefined,
  }));

const attemptsAlive = (
  tx: TaskTransaction,
  key: string,
  state: StateRow,
  live: Live | undefined,
): readonly AttemptView[] => {
  const ended = attemptsEnded(tx, key);
  if (!hasAttempt(state, live)) return ended;
  const executor = live === undefined || live.executor < 0 ? undefined : live.executor;
  const startedAt = dateOf(startOfAttempt(state));
  return [...ended, { n: state.endedAttempts + 1, startedAt, endedAt: undefined, error: undefined, executor }];
};

const attemptsDone = (tx: TaskTransaction, key: string, done: DoneRow): readonly AttemptView[] => {
  const error = done.status === taskStatus.completed ? undefined : decodeError(done.text);
  const ended = attemptsEnded(tx, key);
  const last = ended.at(-1);
  if (last !== undefined) return last.error === undefined ? [...ended.slice(0, -1), { ...last, error }] : ended;
  if (done.startedAt === 0) return [];
  const [startedAt, endedAt] = [new Date(done.startedAt), new Date(done.finishedAt)];
  return [{ n: 1, startedAt, endedAt, error, executor: undefined }];
};

type Steps = { readonly steps: readonly string[]; readonly next: number | undefined; readonly children: number };

const stepsFrom = (tx: TaskTransaction, key: string, from: number): Steps => {
  const steps: string[] = [];
  const starts = new Map<string, StepRow>();
  let chars = 0;
  let children = 0;
  for (let index = from; ; index++) {
    const step = tx.get(stepTable, rowKey(key, index));
    if (step === undefined) return { steps, next: undefined, children };
    chars += step.text.length + step.outcomeText.length;
    if (steps.length >= limits.stepsShownMax || (steps.length > 0 && chars > stepCharsRead))
      return { steps, next: index, children };
    if (step.kind === stepKind.call || step.kind === stepKind.start) children++;
    if (step.kind === stepKind.start) starts.set(step.stepKey, step);
    const child = childOf(step, (stepKey) => starts.get(stepKey));
    steps.push(stepText(tx, key, index, step, child));
  }
};

const stepText = (
  tx: TaskTransaction,
  key: string,
  index: number,
  step: StepRow,
  child: string | undefined,
): string => {
  const ended = step.order !== 0;
  const ok = step.state === entryState.ok;
  const { time, tookMs, dueAt } = step;
  const began = ended ? (tookMs === undefined ? undefined : time - tookMs) : time;
  return objectText({
    index: String(index),
    kind: JSON.stringify(stepKindNames[step.kind]),
    name: JSON.stringify(nameOf(step)),
    state: JSON.stringify(ended ? (ok ? 'completed' : 'failed') : 'pending'),
    begunAt: began === undefined ? undefined : encodeValue(new Date(began)),
    endedAt: ended ? encodeValue(new Date(time)) : undefined,
    result: ended && ok && step.text !== '' ? shownText(step.text, stepValueCharsMax) : undefined,
    error: ended && !ok ? encodeValue(decodeError(step.text)) : undefined,
    child: child === undefined ? undefined : JSON.stringify(child),
    dueAt: step.kind === stepKind.sleep ? encodeValue(new Date(dueAt)) : undefined,
    map: step.kind === stepKind.map ? mapText(tx, key, index) : undefined,
  });
};

/** A step's key is `kind:name:count`, or `kind:count`; that of a join names the start. */
const nameOf = ({ stepKey, kind }: StepRow): string => {
  const parts = stepKey.slice(0, stepKey.lastIndexOf(':'));
  if (kind === stepKind.join) return parts.slice('join:start:'.length, parts.lastIndexOf(':'));
  const colon = parts.indexOf(':');
  return colon < 0 ? parts : parts.slice(colon + 1);
};

/** The id of the other task, as far as it is known: of a start with an idempotency key that is told by its partition. */
const childOf = (step: StepRow, startOf: (stepKey: string) => StepRow | undefined): string | undefined => {
  if (step.kind === stepKind.call) return step.target;
  const start = step.kind === stepKind.join ? startOf(step.target) : step.kind === stepKind.start ? step : undefined;
  if (start === undefined || start.state === entryState.failed) return undefined;
  return start.state === entryState.ok ? (JSON.parse(start.text) as string) : start.target;
};

const mapText = (tx: TaskTransaction, key: string, index: number): string | undefined => {
  const row = tx.get(mapTable, rowKey(key, index));
  if (row === undefined) return undefined;
  const { name, count, itemsDone, cursor, chunks, chunksDone } = row;
  const view: MapView = {
    task: name,
    count,
    done: itemsDone,
    running: cursor - itemsDone,
    chunks,
    chunksDone,
    heat: heatOf(tx, key, index),
  };
  return encodeValue(view);
};

const waitsOf = (tx: TaskTransaction, key: string, state: StateRow, live: Live | undefined): readonly WaitView[] => {
  if (state.status === taskStatus.scheduled)
    return [{ for: 'time', until: new Date(state.dueAt), retry: state.tries > 0 }];
  if (state.status === taskStatus.queued) return [{ for: 'executor' }];
  const stepAt = (index: number): StepRow | undefined => tx.get(stepTable, rowKey(key, index));
  const startOf = (stepKey: string): StepRow | undefined => {
    const index = live?.starts?.get(stepKey);
    return index === undefined ? undefined : stepAt(index);
  };
  const waits: WaitView[] = [];
  for (const step of live?.pending?.values() ?? []) {
    if (waits.length >= limits.waitsShownMax) break;
    const row = stepAt(step);
    if (row === undefined) continue;
    if (row.kind === stepKind.sleep) waits.push({ for: 'sleep', step, until: new Date(row.dueAt) });
    else if (row.kind === stepKind.map) waits.push({ for: 'map', step });
    else waits.push({ for: 'task', step, id: childOf(row, startOf) });
  }
  return waits;
};
