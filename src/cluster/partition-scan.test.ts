import { expect, test } from 'vitest';
import type { Role } from './heartbeat.ts';
import type { Holding } from './holdings.ts';
import { scanPartition } from './partition-scan.ts';

const holding = (member: string, role: Role, epoch: number): Holding => ({
  member,
  report: { partition: 0, role, epoch, position: 9 },
});

test('who was deposed and does not know it is no leader, whatever order reports come in', () => {
  const led = [holding('a', 'leading', 4), holding('b', 'leading', 7), holding('c', 'following', 7)];
  const unled = [holding('c', 'closing', 3), holding('d', 'claiming', 0)];
  for (const order of [(all: Holding[]) => all, (all: Holding[]) => all.toReversed()]) {
    const scan = scanPartition(order(led), 7);
    expect(scan.leader?.member).toBe('b');
    expect(scan.following.map(({ member }) => member)).toEqual(['c']);
    expect(scanPartition(order(unled), 4)).toMatchObject({
      leader: undefined,
      closing: undefined,
      claiming: { member: 'd' },
    });
  }
});
