import { expect, test } from 'vitest';
import { summarise } from './profile-summary.ts';

const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });

test('a profile tells self and total time by function, and leaves idle time out of what was busy', () => {
  const summary = summarise({
    nodes: [
      { id: 1, callFrame: frame('(root)'), children: [2, 5] },
      { id: 2, callFrame: frame('turn', 'file:///src/execution/state/state-thread.ts'), children: [3] },
      { id: 3, callFrame: frame('pack', 'file:///node_modules/msgpackr/pack.js'), children: [4] },
      { id: 4, callFrame: frame('pack', 'file:///node_modules/msgpackr/pack.js') },
      { id: 5, callFrame: frame('(idle)') },
    ],
    samples: [2, 3, 4, 5],
    timeDeltas: [1_000, 2_000, 4_000, 8_000],
  });
  expect(summary.thread).toBe('state');
  expect(summary.totalMs).toBe(15);
  expect(summary.busyMs).toBe(7);
  expect(summary.lines).toEqual([
    { name: 'pack msgpackr/pack.js:5', selfMs: 6, totalMs: 6 },
    { name: 'turn state/state-thread.ts:5', selfMs: 1, totalMs: 7 },
  ]);
});
