/** Who waits for a task's outcome and who follows it: kept in the leader's memory, by task key. */
import type { TaskLeader, Waiter } from './leader.ts';

export const addWaiter = (waiters: Map<string, Waiter[]>, key: string, waiter: Waiter): void => {
  const those = waiters.get(key);
  if (those === undefined) waiters.set(key, [waiter]);
  else those.push(waiter);
};

/** A client is gone: nobody is told what it waited for. */
export const forgetClient = (leader: TaskLeader, client: number): void => {
  for (const waiting of [leader.waiters, leader.followers])
    for (const [key, waiters] of waiting) {
      const left = waiters.filter((waiter) => waiter.client !== client);
      if (left.length === 0) waiting.delete(key);
      else if (left.length < waiters.length) waiting.set(key, left);
    }
};
