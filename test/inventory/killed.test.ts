import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, Workshop } from './inventory-process.ts';

const workshop = new Workshop();
afterAll(() => workshop.remove());

/** How many files it said were done, last. */
const filesDone = ({ events }: Ended): number =>
  Number(events.findLast(({ event }) => event === 'progress')?.['filesDone']);
const named = ({ events }: Ended, name: string) => events.find(({ event }) => event === name);

describe('An inventory whose process is ended', () => {
  let tree = '';
  let expected = '';
  beforeAll(async () => {
    tree = workshop.tree(6_000);
    expected = await workshop.plain(tree);
  });

  test('by kill -9, again and again, goes on each time with what was done, and ends with the same result', async () => {
    const args = [tree, '--data', workshop.fresh()];
    let done = 0;
    for (const at of [5, 20, 40]) {
      const killed = await workshop.run(args, { SIGNAL_AT: `SIGKILL:${at}` });
      expect(killed).toMatchObject({ code: null, signal: 'SIGKILL', stdout: '' });
      expect(filesDone(killed)).toBeGreaterThan(done);
      if (done > 0) expect(Number(named(killed, 'kept')?.['files'])).toBeGreaterThanOrEqual(done);
      done = filesDone(killed);
    }
    const last = await workshop.run(args);
    expect(last).toMatchObject({ code: 0, lines: [] });
    expect(named(last, 'kept')).toMatchObject({ of: 6_000 });
    expect(Number(named(last, 'kept')?.['files'])).toBeGreaterThanOrEqual(done);
    expect(last.stdout === expected).toBe(true);

    const next = await workshop.run(args);
    expect(named(next, 'kept')).toBeUndefined();
    expect(filesDone({ ...next, events: next.events.slice(0, 4) })).toBeLessThan(3_000);
    expect(next.stdout === expected).toBe(true);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('by %s stops, says how to go on, ends with %d, and goes on', async (signal, code) => {
    const args = [tree, '--data', workshop.fresh()];
    const stopped = await workshop.run(args, { SIGNAL_AT: `${signal}:30` });
    expect(stopped).toMatchObject({ code, signal: null, stdout: '', lines: [] });
    expect(stopped.events.slice(-2)).toMatchObject([
      { event: 'stopping', signal },
      { event: 'stopped', signal, again: expect.stringMatching(/^npm start -- .*--data/) },
    ]);
    const next = await workshop.run(args);
    expect(Number(named(next, 'kept')?.['files'])).toBeGreaterThanOrEqual(filesDone(stopped));
    expect(next).toMatchObject({ code: 0, lines: [] });
    expect(next.stdout === expected).toBe(true);
  });

  test('in one of its threads loses nothing, also if that was the only one', async () => {
    for (const executors of ['1', '2']) {
      const ended = await workshop.run([tree, '--kill-one', '--executors', executors, '--data', workshop.fresh()]);
      expect(ended).toMatchObject({ code: 0, lines: [] });
      const at = Number(named(ended, 'killed')?.['filesDone']);
      expect(at).toBeGreaterThanOrEqual(3_000);
      expect(at).toBeLessThan(6_000);
      expect(ended.stdout === expected).toBe(true);
    }
  });

  test('while another waits: the other is told who holds the data folder, and the first goes on', async () => {
    const data = workshop.fresh();
    const first = workshop.start([tree, '--data', data, '--events', '--json'], { SIGNAL_AT: 'SIGSTOP:10' });
    await first.told('progress');
    const second = await workshop.start([tree, '--data', data]).ended;
    first.child.kill('SIGCONT');
    expect(second).toMatchObject({ code: 4, stdout: '' });
    expect(second.lines.at(-1)).toContain(
      `DATA_LOCKED: The data folder ${data} is in use by process ${first.child.pid}`,
    );
    expect(second.lines.at(-1)).toMatch(/Wait for it, or give this one --data/);
    const ended = await first.ended;
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stdout === expected).toBe(true);
  });
});
