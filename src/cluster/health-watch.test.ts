import { beforeEach, expect, test } from 'vitest';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { limits } from '../limits.ts';
import type { OwnHealth } from './cluster-event.ts';
import { HealthWatch } from './health-watch.ts';

const { healthTickMs, canaryLateMs, wellAgainMs } = limits;

let env: ManualEnv;
let watch: HealthWatch;
let told: OwnHealth[];
/** Executors that answer their canaries, at once. */
let answering: Set<number>;
/** Canaries that were sent, by executor. */
let sent: Map<number, number>;

beforeEach(() => {
  env = manualEnv();
  told = [];
  answering = new Set();
  sent = new Map();
  watch = new HealthWatch({
    env,
    post: (executor) => {
      sent.set(executor, (sent.get(executor) ?? 0) + 1);
      if (answering.has(executor)) watch.canaryCame(executor);
    },
    parts: () => [],
    heads: () => [],
    tell: (health) => told.push(health),
  });
});

/** What it says of the node, at the end. */
const pass = (ms: number): OwnHealth['ailment'] => {
  for (let passed = 0; passed < ms; passed += healthTickMs) env.advance(healthTickMs);
  return told.at(-1)?.ailment;
};

const begin = (...executors: readonly number[]): void => {
  for (const executor of executors) {
    answering.add(executor);
    watch.executorCame(executor);
  }
  pass(10 * healthTickMs);
};

const fallSilent = (executor: number, kept: boolean): void => {
  answering.delete(executor);
  watch.executorBusy(executor, kept);
};

test('executors that code of tasks keeps for long leave the node well, and are sent one canary meanwhile (W5)', () => {
  begin(1, 2);
  const before = sent.get(1) as number;
  for (const executor of [1, 2]) fallSilent(executor, true);
  expect(pass(60 * canaryLateMs)).toBeUndefined();
  expect(sent.get(1)).toBe(before + 1);
  // It has ended; what has waited is answered.
  for (const executor of [1, 2]) {
    answering.add(executor);
    watch.executorAnswers(executor);
    watch.canaryCame(executor);
  }
  expect(pass(2 * canaryLateMs)).toBeUndefined();
});

test('executors that are silent with nothing running make it ail; so do those that turn and answer nothing', () => {
  begin(1);
  fallSilent(1, false);
  expect(pass(canaryLateMs + 2 * healthTickMs)).toBe('executors');
  watch.executorAnswers(1);
  answering.add(1);
  watch.canaryCame(1);
  expect(pass(wellAgainMs + 2 * healthTickMs)).toBeUndefined();
  answering.delete(1);
  expect(pass(canaryLateMs + 2 * healthTickMs)).toBe('executors');
});

test('one that was ended while it was kept, and does not go, and one that is gone excuse nothing', () => {
  begin(1);
  fallSilent(1, true);
  pass(2 * canaryLateMs);
  watch.executorBusy(1, false);
  expect(pass(canaryLateMs)).toBeUndefined();
  expect(pass(2 * healthTickMs)).toBe('executors');
  watch.executorGone(1);
  begin(2);
  expect(pass(wellAgainMs)).toBeUndefined();
  fallSilent(2, true);
  pass(2 * canaryLateMs);
  watch.executorGone(2);
  watch.executorBusy(2, true);
  expect(pass(canaryLateMs + 2 * healthTickMs)).toBe('executors');
});
