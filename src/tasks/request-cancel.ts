/** Ending a task on request. */
import { TuttiError } from '../errors/tutti-error.ts';
import { taskStateNames } from '../protocol/task-view.ts';
import { encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { notFound, refuse, reply } from './answers.ts';
import { cancelTask } from './finish.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { doneTable, taskStatus } from './tables.ts';
import { aliveState } from './task-rows.ts';

export const requestCancel = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  const state = aliveState(tx, key);
  if (state === undefined) {
    const done = tx.get(doneTable, key);
    if (done?.status === taskStatus.cancelled) reply(tx, from, 1, encodeValue(undefined));
    else if (done === undefined) refuse(tx, from, notFound(id));
    else
      refuse(
        tx,
        from,
        new TuttiError(
          'TASK_STATE',
          `Task ${id} has already ${taskStateNames[done.status]}; only an unfinished task can be cancelled.`,
          { details: { id, state: taskStateNames[done.status] } },
        ),
      );
    return;
  }
  cancelTask(leader, tx, key, state, 'on request');
  reply(tx, from, 1, encodeValue(undefined));
};
