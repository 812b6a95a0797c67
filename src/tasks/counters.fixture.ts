/** Counts again what counters say, from the rows and the entries of a leader. */
import { expect } from 'vitest';
import { grantKind } from './messages.ts';
import { specTable, stateTable, taskStatus } from './tables.ts';
import type { Part, World } from './world.fixture.ts';

type Now = { alive: number; scheduled: number; running: number; waiting: number };

const counted = (part: Part): Record<string, Now> => {
  const byName: Record<string, Now> = {};
  part.core.transact(0, (tx) => {
    for (const [key, { name, kind }] of tx.scan(specTable)) {
      if (kind !== grantKind.task) continue;
      byName[name] ??= { alive: 0, scheduled: 0, running: 0, waiting: 0 };
      const now = byName[name];
      const live = part.tasks.live.get(key);
      now.alive++;
      if (tx.get(stateTable, key)?.status === taskStatus.scheduled) now.scheduled++;
      if (live !== undefined) now.running++;
      if (live?.pending !== undefined && live.pending.size > 0) now.waiting++;
    }
  });
  return byName;
};

export const expectCounters = (world: World): void => {
  for (const part of world.parts) {
    const said: Record<string, Now> = {};
    for (const [name, { alive, scheduled, running, waiting }] of part.tasks.counters.all())
      if (alive + scheduled + running + waiting !== 0) said[name as string] = { alive, scheduled, running, waiting };
    expect(said).toEqual(counted(part));
  }
};
