/** The outcome of a child reaches the step of its parent that waits for it. */
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { takeChunkOutcome } from './map.ts';
import { entryState } from './messages.ts';
import { recordResult, resumeIfParked } from './steps.ts';
import { rowKey, stateTable, stepKind, stepTable } from './tables.ts';

/** `chunk` is -1 unless the child was a chunk of a map. A parent that has ended, or a step that has a result, is left alone. */
export const takeChildOutcome = (
  leader: TaskLeader,
  tx: TaskTransaction,
  parentKey: string,
  stepIndex: number,
  chunk: number,
  ok: number,
  text: string,
  runMs: number,
): void => {
  if (tx.get(stateTable, parentKey) === undefined) return;
  if (chunk >= 0) {
    takeChunkOutcome(leader, tx, parentKey, stepIndex, chunk, ok, text, runMs);
    return;
  }
  const key = rowKey(parentKey, stepIndex);
  const step = tx.get(stepTable, key);
  if (step === undefined) return;
  if (step.kind === stepKind.call) {
    if (step.order === 0) recordResult(leader, tx, parentKey, stepIndex, step, ok, text);
    return;
  }
  if (step.kind !== stepKind.start || step.outcome !== 0) return;
  const outcome = ok === 1 ? entryState.ok : entryState.failed;
  tx.put(stepTable, key, { ...step, outcome, outcomeText: text });
  // Whoever joins this child gets it now.
  for (let index = stepIndex + 1; ; index++) {
    const join = tx.get(stepTable, rowKey(parentKey, index));
    if (join === undefined) break;
    if (join.kind === stepKind.join && join.order === 0 && join.target === step.stepKey)
      recordResult(leader, tx, parentKey, index, join, ok, text);
  }
  resumeIfParked(leader, tx, parentKey);
};
