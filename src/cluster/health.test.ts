import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import type { Ailment } from '../protocol/cluster-overview.ts';
import { Health, type PartitionSight } from './health.ts';

const { healthTickMs, canaryLateMs, logStandsMs, storeStandsMs, wellAgainMs } = limits;

/** A node that is looked at once a second. */
class Rig {
  readonly health = new Health(limits);
  nowMs = 1_000_000;
  answers = true;
  partitions: PartitionSight[] = [];
  /** Partitions that get on. */
  moving = new Set<number>();

  constructor() {
    this.health.executorCame(this.nowMs);
  }

  has(partition: number, more: Partial<PartitionSight> = {}): void {
    this.partitions.push({ partition, leads: true, position: 100, head: undefined, flushing: false, ...more });
    this.moving.add(partition);
  }

  change(partition: number, more: Partial<PartitionSight>): void {
    this.partitions = this.partitions.map((own) => (own.partition === partition ? { ...own, ...more } : own));
  }

  /** What it was found to be, at the end. */
  pass(ms: number): Ailment | undefined {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += healthTickMs;
      this.partitions = this.partitions.map((own) =>
        this.moving.has(own.partition) ? { ...own, position: own.position + 1 } : own,
      );
      if (this.answers) this.health.canaryCame(this.nowMs);
      this.health.look(this.partitions, this.nowMs);
    }
    return this.health.ailment;
  }
}

describe('executors', () => {
  test('that answer nothing for long are found, and those that answer again are trusted after a while', () => {
    const rig = new Rig();
    expect(rig.pass(60_000)).toBeUndefined();
    rig.answers = false;
    expect(rig.pass(canaryLateMs)).toBeUndefined();
    expect(rig.pass(2 * healthTickMs)).toBe('executors');
    rig.answers = true;
    expect(rig.pass(wellAgainMs)).toBe('executors');
    expect(rig.pass(2 * healthTickMs)).toBeUndefined();
  });

  test('that answer now and then while the node is ailing do not make it well (W3)', () => {
    const rig = new Rig();
    rig.answers = false;
    rig.pass(canaryLateMs + 2 * healthTickMs);
    for (let round = 0; round < 10; round++) {
      rig.answers = true;
      rig.pass(healthTickMs);
      rig.answers = false;
      expect(rig.pass(4 * healthTickMs)).toBe('executors');
    }
  });

  test('that code of tasks keeps owe nothing, and have the usual time when they are kept no more (W5)', () => {
    const rig = new Rig();
    rig.pass(5_000);
    rig.answers = false;
    rig.health.executorBusy(1, true, rig.nowMs);
    rig.health.executorBusy(2, true, rig.nowMs);
    expect(rig.pass(600_000)).toBeUndefined();
    rig.health.executorBusy(1, false, rig.nowMs);
    expect(rig.pass(600_000)).toBeUndefined();
    rig.health.executorBusy(2, false, rig.nowMs);
    expect(rig.pass(canaryLateMs)).toBeUndefined();
    // Who was not kept has no more time for turning alone.
    rig.health.executorBusy(2, false, rig.nowMs);
    expect(rig.pass(2 * healthTickMs)).toBe('executors');
  });

  test('of an ailing node that are kept count as those that answer: well after a while, and not before (W3, W5)', () => {
    const rig = new Rig();
    rig.answers = false;
    rig.pass(canaryLateMs + 2 * healthTickMs);
    for (let round = 0; round < 10; round++) {
      rig.health.executorBusy(1, true, rig.nowMs);
      expect(rig.pass(2 * healthTickMs)).toBe('executors');
      rig.health.executorBusy(1, false, rig.nowMs);
      expect(rig.pass(4 * healthTickMs)).toBe('executors');
    }
    rig.health.executorBusy(1, true, rig.nowMs);
    expect(rig.pass(wellAgainMs + 2 * healthTickMs)).toBeUndefined();
    expect(rig.pass(600_000)).toBeUndefined();
  });

  test('are not missed where there are none', () => {
    const health = new Health(limits);
    for (let nowMs = 0; nowMs < 60_000; nowMs += healthTickMs) expect(health.look([], nowMs)).toBeUndefined();
  });
});

describe('partitions', () => {
  test('that all stand still, led or behind their leaders, are the fault of the node', () => {
    const rig = new Rig();
    rig.has(0);
    rig.has(1, { leads: false, head: 1_000 });
    expect(rig.pass(30_000)).toBeUndefined();
    rig.moving.clear();
    expect(rig.pass(logStandsMs)).toBeUndefined();
    expect(rig.pass(2 * healthTickMs)).toBe('log');
    rig.moving.add(1);
    expect(rig.pass(wellAgainMs + 2 * healthTickMs)).toBeUndefined();
  });

  test('of which one gets on are not (W2); nor are those that have read all there is', () => {
    const rig = new Rig();
    rig.has(0);
    rig.has(1);
    rig.has(2, { leads: false, head: 100 });
    rig.moving = new Set([1]);
    expect(rig.pass(120_000)).toBeUndefined();
    const idle = new Rig();
    idle.has(0, { leads: false, head: 100 });
    idle.moving.clear();
    expect(idle.pass(120_000)).toBeUndefined();
    idle.change(0, { head: 101 });
    expect(idle.pass(logStandsMs + 2 * healthTickMs)).toBe('log');
  });

  test('that have just come, or are led only now, have their time', () => {
    const rig = new Rig();
    rig.has(0, { leads: false, head: 100 });
    rig.moving.clear();
    rig.pass(120_000);
    rig.change(0, { leads: true, head: undefined });
    expect(rig.pass(logStandsMs)).toBeUndefined();
    expect(rig.pass(2 * healthTickMs)).toBe('log');
  });
});

test('a store that takes no checkpoint for very long is found', () => {
  const rig = new Rig();
  rig.has(0, { flushing: true });
  expect(rig.pass(storeStandsMs)).toBeUndefined();
  expect(rig.pass(2 * healthTickMs)).toBe('store');
  rig.change(0, { flushing: false });
  expect(rig.pass(wellAgainMs + healthTickMs)).toBeUndefined();
});

test('a node that stood still as a whole holds that against nothing (W4)', () => {
  const rig = new Rig();
  rig.has(0);
  rig.has(1, { leads: false, head: 1_000, flushing: true });
  rig.pass(5_000);
  rig.nowMs += 300_000;
  rig.answers = false;
  rig.moving.clear();
  expect(rig.pass(5 * healthTickMs)).toBeUndefined();
  expect(rig.pass(canaryLateMs)).toBe('executors');
});
