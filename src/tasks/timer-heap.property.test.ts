import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerHeap } from './timer-heap.ts';

const action = fc.oneof(
  fc.record({ push: fc.nat(50) }),
  fc.record({ take: fc.nat(60) }),
  fc.record({ retain: fc.integer({ min: 2, max: 4 }) }),
);

test('timers come out in order of due time, then of arrival, and never early', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200, size: 'max' }), (actions) => {
      const heap = new TimerHeap();
      let model: { dueAt: number; taskKey: string; step: number }[] = [];
      let count = 0;
      for (const each of actions) {
        if ('push' in each) {
          const timer = { dueAt: each.push, taskKey: '', step: count++ };
          heap.push(timer);
          model.push(timer);
          model.sort((a, b) => a.dueAt - b.dueAt || a.step - b.step);
        } else if ('take' in each) {
          const [first] = model;
          const expected = first !== undefined && first.dueAt <= each.take ? model.shift() : undefined;
          expect(heap.take(each.take)?.step).toBe(expected?.step);
        } else {
          heap.retain(({ step }) => step % each.retain !== 0);
          model = model.filter(({ step }) => step % each.retain !== 0);
        }
        expect([heap.size, heap.nextDueAt]).toEqual([model.length, model[0]?.dueAt ?? Number.POSITIVE_INFINITY]);
      }
    }),
  );
});
