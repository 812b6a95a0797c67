import { expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { refusal } from './intake.ts';
import type { Part } from './part.ts';

const partWith = (heldOutputs: number, dirtyRows: number): Part =>
  ({ host: { core: { heldOutputs, dirtyRows } } }) as unknown as Part;

test('nothing new is taken in while too many answers wait, or the store is too far behind', () => {
  const { intakePendingMax, dirtyRowsMax } = limits;
  expect(refusal(undefined, partWith(intakePendingMax, dirtyRowsMax))).toBeUndefined();
  for (const part of [partWith(intakePendingMax + 1, 0), partWith(0, dirtyRowsMax + 1)])
    expect(refusal(undefined, part)).toMatchObject({ code: 'OVERLOADED', details: { retryMs: expect.any(Number) } });
});

test('a log that cannot be written is the reason given first', () => {
  const part = partWith(limits.intakePendingMax + 1, 0);
  expect(refusal('ENOSPC', part)).toMatchObject({ code: 'DISK_FULL' });
});
