import { describe, expect, test } from 'vitest';
import { RollCall } from './roll-call.ts';

describe('a roll call is over', () => {
  test('when everybody has answered', () => {
    const call = new RollCall(new Set(['5 1']));
    expect(call.over).toBe(false);
    call.asks([1, 2]);
    call.answered(1, [], []);
    expect(call.over).toBe(false);
    call.answered(2, [], []);
    expect([call.over, call.running]).toEqual([true, []]);
  });

  test('once all that was noted is named, whoever has not answered (H4)', () => {
    const call = new RollCall(new Set(['5 1', '5 2']));
    call.asks([1, 2, 3]);
    call.answered(1, [5, 1], []);
    expect(call.over).toBe(false);
    call.silent(2, { epoch: 5, n: 2 });
    expect(call.over).toBe(true);
    expect(call.running).toEqual([
      { epoch: 5, n: 1, executor: 1 },
      { epoch: 5, n: 2, executor: 2 },
    ]);
  });

  test('before anybody was asked, where nothing was noted', () => {
    expect(new RollCall(new Set()).over).toBe(true);
  });
});

test('what one reports before it has answered is left out: it tells it again with its answer', () => {
  const call = new RollCall(new Set(['5 1', '5 2']));
  call.asks([1, 2]);
  call.hold(1, ['early']);
  call.answered(1, [5, 1], ['again']);
  call.hold(1, ['later']);
  expect([call.again, call.held]).toEqual([[{ executor: 1, flat: ['again'] }], [{ executor: 1, flat: ['later'] }]]);
  call.gone(1);
  expect([call.again, call.running]).toEqual([[], []]);
});
