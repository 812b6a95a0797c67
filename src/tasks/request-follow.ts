/** What a task logged and how far it is: once, or as it comes. */
import type { LogLine } from '../protocol/task-view.ts';
import { decodeValue, encodeValue } from '../values/codec.ts';
import { taskKey } from '../values/task-id.ts';
import { notFound, refuse, reply } from './answers.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { toClient } from './messages.ts';
import { doneTable, logTable, rowKey, specTable } from './tables.ts';
import { aliveState } from './task-rows.ts';
import { addWaiter } from './waiters.ts';

export const requestLogs = (tx: TaskTransaction, from: Waiter, id: string): void => {
  const key = taskKey(id);
  if (tx.get(specTable, key) === undefined && tx.get(doneTable, key) === undefined) {
    refuse(tx, from, notFound(id));
    return;
  }
  const lines: LogLine[] = [];
  for (
    let row = tx.get(logTable, rowKey(key, 0));
    row !== undefined;
    row = tx.get(logTable, rowKey(key, lines.length))
  ) {
    const { message, fields } = decodeValue(row.text) as { readonly message: string; readonly fields: unknown };
    lines.push({ time: new Date(row.time), level: row.level, message, fields, attempt: row.tries + 1 });
  }
  reply(tx, from, 1, encodeValue(lines));
};

export const requestFollow = (leader: TaskLeader, tx: TaskTransaction, from: Waiter, id: string, on: boolean): void => {
  const key = taskKey(id);
  if (on && aliveState(tx, key) !== undefined) {
    addWaiter(leader.followers, key, from);
    const progress = leader.progress.get(key);
    if (progress !== undefined)
      tx.emit({
        kind: 'client',
        client: from.client,
        flat: [toClient.event, from.request, JSON.stringify({ type: 'progress', ...progress })],
      });
  } else if (!on) {
    const left =
      leader.followers.get(key)?.filter((waiter) => waiter.client !== from.client || waiter.request !== from.request) ??
      [];
    if (left.length === 0) leader.followers.delete(key);
    else leader.followers.set(key, left);
  }
};
