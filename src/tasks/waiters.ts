/** Who waits for the outcome of a task: kept in the leader's memory, by task key. Those who follow one can go likewise. */
import { taskKey } from '../values/task-id.ts';
import type { TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { keyRowKey } from './start.ts';
import { keyTable } from './tables.ts';

export const addWaiter = (leader: TaskLeader, key: string, waiter: Waiter): void => {
  const those = leader.waiters.get(key);
  if (those === undefined) leader.waiters.set(key, [waiter]);
  else those.push(waiter);
};

/** A wait, a start that waits or a follow is given up. One that began with a key waits for the task that has the key. */
export const giveUp = (
  leader: TaskLeader,
  tx: TaskTransaction,
  from: Waiter,
  id: string,
  name: string | undefined,
  idempotencyKey: string | undefined,
): void => {
  const holder =
    name === undefined || idempotencyKey === undefined
      ? undefined
      : tx.get(keyTable, keyRowKey(name, idempotencyKey))?.id;
  leave(leader, taskKey(holder ?? id), (each) => each.client === from.client && each.request === from.request);
};

/** A client is gone: nobody is told what it waited for. */
export const forgetClient = (leader: TaskLeader, client: number): void => {
  const keys = new Set([...leader.waiters.keys(), ...leader.followed.keys()]);
  for (const key of keys) leave(leader, key, (each) => each.client === client);
};

const leave = (leader: TaskLeader, key: string, goes: (waiter: Waiter) => boolean): void => {
  const stays = (waiter: Waiter): boolean => !goes(waiter);
  const waiters = leader.waiters.get(key)?.filter(stays) ?? [];
  if (waiters.length === 0) leader.waiters.delete(key);
  else leader.waiters.set(key, waiters);
  const followed = leader.followed.get(key);
  if (followed === undefined) return;
  followed.followers = followed.followers.filter(stays);
  if (followed.followers.length === 0) leader.followed.delete(key);
};
