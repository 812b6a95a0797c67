/** The filters of the list as they stand in the address bar, and as a node is asked. */
import { type ListFilter, taskStateNames } from '../../../src/protocol/task-view.ts';

export const stateChoices = ['unfinished', 'finished', ...taskStateNames] as const;

export const ageChoices = [
  { name: '15m', text: 'last 15 minutes', ms: 15 * 60_000 },
  { name: '1h', text: 'last hour', ms: 3_600_000 },
  { name: '1d', text: 'last day', ms: 86_400_000 },
  { name: '7d', text: 'last 7 days', ms: 7 * 86_400_000 },
] as const;

/** What the address says; what it says wrongly is left out. */
export const filterOf = (query: URLSearchParams, nowMs: number): ListFilter => {
  const state = stateChoices.find((name) => name === query.get('state'));
  const age = ageChoices.find(({ name }) => name === query.get('within'));
  const name = query.get('name');
  const text = query.get('text')?.trim();
  return {
    ...(state === undefined ? {} : { state }),
    ...(name === null || name === '' ? {} : { name }),
    ...(text === undefined || text === '' ? {} : { text }),
    ...(age === undefined ? {} : { createdFrom: new Date(nowMs - age.ms) }),
    ...(query.get('top') === '1' ? {} : { topLevel: true }),
  };
};
