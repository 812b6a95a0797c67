import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { ownKeyPair } from './authority.ts';
import type { KeyPair } from './certificate.ts';
import { CertificateKeeper, renewalDue, renewalTime } from './certificate-keeper.ts';
import { datedEnv, dayMs, newAuthority, start, withCode } from './security.fixture.ts';

const authority = newAuthority();
const pairOf = (now: number): KeyPair =>
  ownKeyPair(authority, { identity: { kind: 'node', app: 'shop', name: 'n1' }, hosts: [] }, now);

test('a certificate is due for renewal after two thirds of its life', () => {
  const { certificate } = pairOf(start);
  const due = renewalTime(certificate);
  expect(Math.abs(due - (start + 60 * dayMs))).toBeLessThan(limits.certificateBackdateMs);
  expect(renewalDue(certificate, due - 1)).toBe(false);
  expect(renewalDue(certificate, due)).toBe(true);
  expect(renewalDue(certificate, start + 1000 * dayMs)).toBe(true);
});

const keeperOf = (env = datedEnv()) => {
  const told: KeyPair[] = [];
  const saved: KeyPair[] = [];
  const errors: unknown[] = [];
  let answer: () => KeyPair = () => pairOf(env.clock.now());
  let asked = 0;
  const keeper = new CertificateKeeper({
    env,
    current: pairOf(start),
    renew: async () => {
      asked += 1;
      return answer();
    },
    save: (pair) => saved.push(pair),
    report: (error) => errors.push(error),
  });
  keeper.onRenewed((pair) => told.push(pair));
  /** Time passes in steps, so that timers that set timers fire and promises settle. */
  const pass = async (ms: number): Promise<void> => {
    for (const end = env.clock.now() + ms; env.clock.now() < end; ) {
      env.advance(Math.min(limits.certificateRetryMs, end - env.clock.now()));
      for (let turn = 0; turn < 8; turn++) await Promise.resolve();
    }
  };
  return {
    keeper,
    told,
    saved,
    errors,
    pass,
    env,
    asked: () => asked,
    answerWith: (next: () => KeyPair) => (answer = next),
  };
};

describe('the keeper of a certificate', () => {
  test('renews it in time, again and again, and tells who uses it once it is saved', async () => {
    const { keeper, told, saved, errors, pass } = keeperOf();
    const first = keeper.current;
    await pass(59 * dayMs);
    expect({ told, same: keeper.current === first }).toEqual({ told: [], same: true });
    await pass(2 * dayMs);
    expect(told).toEqual([keeper.current]);
    expect(saved).toEqual(told);
    expect(keeper.current).not.toBe(first);
    await pass(180 * dayMs);
    expect(told).toHaveLength(4);
    expect(errors).toEqual([]);
    keeper.close();
  });

  test('renews at once what was due before it began', async () => {
    const env = datedEnv();
    env.advance(80 * dayMs);
    const { keeper, told, pass } = keeperOf(env);
    await pass(1);
    expect(told).toHaveLength(1);
    keeper.close();
  });

  test('keeps what it has while renewals fail, says so, and tries again', async () => {
    const { keeper, told, errors, pass, answerWith, env } = keeperOf();
    const first = keeper.current;
    answerWith(() => {
      throw new Error('nobody holds the key');
    });
    await pass(61 * dayMs);
    expect(errors.length).toBeGreaterThan(100);
    expect(keeper.current).toBe(first);
    answerWith(() => pairOf(env.clock.now()));
    await pass(limits.certificateRetryMs);
    expect(told).toEqual([keeper.current]);
    keeper.close();
  });

  test('does not go round and round with a certificate that is no younger', async () => {
    const { keeper, told, errors, pass, answerWith, asked } = keeperOf();
    const old = pairOf(start - 80 * dayMs);
    answerWith(() => old);
    await pass(60 * dayMs + limits.certificateRetryMs * 3);
    expect(told).toEqual([]);
    expect(asked()).toBeLessThan(6);
    expect(errors[0]).toEqual(withCode('CERTIFICATE_REFUSED'));
    keeper.close();
  });

  test('tells all listeners, also after one that throws, and none that left', async () => {
    const { keeper, told, errors, pass } = keeperOf();
    keeper.onRenewed(() => {
      throw new Error('listener');
    });
    const after: KeyPair[] = [];
    keeper.onRenewed((pair) => after.push(pair));
    const left: KeyPair[] = [];
    keeper.onRenewed((pair) => left.push(pair))();
    await pass(61 * dayMs);
    expect([told.length, after.length, left.length, errors.length]).toEqual([1, 1, 0, 1]);
    keeper.close();
  });

  test('does nothing more once it is closed', async () => {
    const { keeper, told, pass, asked } = keeperOf();
    keeper.close();
    await pass(100 * dayMs);
    expect([asked(), told.length]).toEqual([0, 0]);
  });

  test('puts nothing on disk that came after it was closed', async () => {
    const { keeper, told, saved, pass, answerWith, env } = keeperOf();
    answerWith(() => {
      keeper.close();
      return pairOf(env.clock.now());
    });
    await pass(61 * dayMs);
    expect([saved, told]).toEqual([[], []]);
  });
});
