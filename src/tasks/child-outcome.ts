/** The outcome of a child reaches the step of its parent that waits for it. */
import { tellChanges } from './followers.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { takeChunkOutcome } from './map.ts';
import { entryState } from './messages.ts';
import { recordResult } from './steps.ts';
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
  if (step.kind !== stepKind.start || step.outcome !== entryState.pending) return;
  if (step.order === 0) {
    // There is no child: it could not be started.
    recordResult(leader, tx, parentKey, stepIndex, { ...step, outcome: entryState.failed }, ok, text);
    return;
  }
  const outcome = ok === 1 ? entryState.ok : entryState.failed;
  tx.put(stepTable, key, { ...step, outcome, outcomeText: text });
  // Whoever joins this child gets it now.
  for (let next = step.joins; next > 0; ) {
    const join = tx.get(stepTable, rowKey(parentKey, next - 1));
    if (join === undefined) break;
    if (join.order === 0) recordResult(leader, tx, parentKey, next - 1, join, ok, text);
    next = join.joins;
  }
};

/** The end of a step: outcomes of children of this partition reach their parents, and theirs, in the same record; followers are told. */
export const settleStep = (leader: TaskLeader, tx: TaskTransaction): void => {
  for (let outcome = leader.outcomes.shift(); outcome !== undefined; outcome = leader.outcomes.shift())
    takeChildOutcome(
      leader,
      tx,
      outcome.parent.key,
      outcome.parent.step,
      outcome.parent.chunk,
      outcome.ok,
      outcome.text,
      outcome.runMs,
    );
  tellChanges(leader, tx);
};
