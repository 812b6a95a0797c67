/**
 * Those who follow a task. They are kept in the leader's memory; what they are told passes the gate like every answer. A follow
 * begins with what is recorded, in the same step in which it is entered here, so nothing is missed and nothing comes twice.
 */
import type { Follower, TaskLeader, TaskTransaction, Waiter } from './leader.ts';
import { toClient } from './messages.ts';
import type { LogRow } from './tables.ts';
import { finishedEvent, logEvent, progressEvent, stateEvent } from './task-events.ts';

export const tell = (tx: TaskTransaction, { client, request }: Waiter, event: string): void =>
  tx.emit({ kind: 'client', client, flat: [toClient.event, request, event] });

/** From now on it is told what happens to an unfinished task; `state`: what all who follow it have been told of its state. */
export const addFollower = (leader: TaskLeader, key: string, follower: Follower, state: string): void => {
  const followed = leader.followed.get(key);
  if (followed === undefined) leader.followed.set(key, { followers: [follower], state });
  else followed.followers.push(follower);
};

/** Tells how a task is now, if it changed in this step: to be called at the end of each. */
export const tellChanges = (leader: TaskLeader, tx: TaskTransaction): void => {
  if (leader.changed.size === 0) return;
  for (const key of leader.changed) tellState(leader, tx, key);
  leader.changed.clear();
};

const tellState = (leader: TaskLeader, tx: TaskTransaction, key: string): void => {
  const followed = leader.followed.get(key);
  if (followed === undefined) return;
  const state = stateEvent(leader, tx, key);
  if (state === followed.state) return;
  followed.state = state;
  for (const follower of followed.followers) tell(tx, follower, state);
};

export const tellProgress = (leader: TaskLeader, tx: TaskTransaction, key: string): void => {
  const followed = leader.followed.get(key);
  const progress = leader.progress.get(key);
  if (followed === undefined || progress === undefined) return;
  const event = progressEvent(progress);
  for (const follower of followed.followers) tell(tx, follower, event);
};

export const tellLine = (leader: TaskLeader, tx: TaskTransaction, key: string, index: number, line: LogRow): void => {
  const followed = leader.followed.get(key);
  if (followed === undefined) return;
  const event = logEvent(index, line);
  for (const follower of followed.followers) if (index >= follower.fromLog) tell(tx, follower, event);
};

/** The task has ended: they are told how, and nothing after it. */
export const tellFinished = (leader: TaskLeader, tx: TaskTransaction, key: string, ok: number, text: string): void => {
  const followed = leader.followed.get(key);
  if (followed === undefined) return;
  tellState(leader, tx, key);
  leader.followed.delete(key);
  leader.changed.delete(key);
  const event = finishedEvent(ok, text);
  for (const follower of followed.followers) {
    tell(tx, follower, event);
    endFollow(tx, follower);
  }
};

/** The last answer to a follow; `next`: the index of a line from which to follow on, undefined if the task has ended. */
export const endFollow = (tx: TaskTransaction, { client, request }: Waiter, next?: number): void =>
  tx.emit({ kind: 'client', client, flat: [toClient.reply, request, 1, next === undefined ? nothing : `${next}`] });

/** The JSON form of undefined. */
const nothing = '{"$undefined":true}';
