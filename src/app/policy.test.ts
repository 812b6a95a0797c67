import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { decodePolicy, defaultPolicy, encodePolicy, policyOf } from './policy.ts';
import { task } from './task.ts';

describe('the policy of a task', () => {
  test('is undefined where everything is the default, said or unsaid', () => {
    expect(policyOf(task(async () => 1))).toBeUndefined();
    const spelledOut = task(
      { retry: { attempts: limits.attemptsDefault, first: '1 s', factor: 2, max: '5 min' }, priority: 0 },
      async () => 1,
    );
    expect(policyOf(spelledOut)).toBeUndefined();
  });

  test('has defaults for what is left out', () => {
    expect(policyOf(task({ timeout: '10 s', retry: { attempts: 2 } }, async () => 1))).toEqual({
      ...defaultPolicy,
      attempts: 2,
      timeoutMs: 10_000,
    });
    expect(policyOf(task({ priority: 3 }, async () => 1))).toEqual({ ...defaultPolicy, priority: 3 });
  });

  test('is read as it was written, and also with fields of a later version', () => {
    const policy = fc.record({
      attempts: fc.integer({ min: 1, max: 1e6 }),
      backoffFirstMs: fc.nat(),
      backoffFactor: fc.double({ min: 1, max: 1_000, noNaN: true }),
      backoffMaxMs: fc.nat(),
      timeoutMs: fc.nat(),
      priority: fc.integer({ min: -1000, max: 1000 }),
    });
    fc.assert(
      fc.property(policy, (written) => {
        expect(decodePolicy(encodePolicy(written))).toEqual(written);
        expect(decodePolicy(encodePolicy(written).replace(']', ',7]'))).toEqual(written);
      }),
    );
    expect(encodePolicy(defaultPolicy)).toBe('[5,1000,2,300000,0,0]');
  });

  test.each(['', '{}', '[1,2,3]', '[5,1000,2,300000,0,"x"]', 'null'])('is refused where it is damaged: %j', (text) => {
    expect(() => decodePolicy(text)).toThrow(expect.objectContaining({ code: 'VALUE_MALFORMED' }));
  });
});
