import { expect, test } from 'vitest';
import { LocalBus } from '../engine/embedded/local-bus.ts';
import { manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import type { RecordCopies } from './record-copies.ts';
import { Replicas } from './replicas.ts';

const setUp = () => {
  const env = manualEnv();
  const published: number[] = [];
  const bus = new LocalBus(env.timers);
  const publish = bus.publish.bind(bus);
  bus.publish = (subject, bytes) => {
    published.push(bytes[0] as number);
    publish(subject, bytes);
  };
  const copies: RecordCopies = {
    start: 0,
    end: 0,
    keep: () => 'kept',
    read: async () => [],
    trim: () => undefined,
  };
  const replicas = new Replicas({ partition: 0, name: 'a', others: () => ['b'], copies, bus, env });
  return { env, replicas, published };
};

test('standbys are told soon of what comes after quiet, and then at most so often of what comes all the time', () => {
  const { env, replicas, published } = setUp();
  env.advance(1_000);
  replicas.tellProgress(1, false);
  replicas.tellProgress(2, false);
  env.advance(limits.progressMs);
  expect(published).toEqual([2]);
  replicas.tellProgress(3, false);
  env.advance(limits.progressMs);
  expect(published).toEqual([2]);
  replicas.tellProgress(4, false);
  env.advance(limits.progressAgainMs - limits.progressMs);
  expect(published).toEqual([2, 4]);
});

test('what must be known at once is told at once, and with it all before', () => {
  const { env, replicas, published } = setUp();
  env.advance(1_000);
  replicas.tellProgress(1, false);
  replicas.tellProgress(2, true);
  expect(published).toEqual([2]);
  env.advance(1_000);
  expect(published).toEqual([2]);
});
