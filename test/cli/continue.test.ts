/** Runs that are stopped or killed, and go on. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gone, Workplace } from './command.fixture.ts';

/** Each step leaves a line in a file; the step numbered \`wait\` waits until the file \`go\` is there. */
const app = `
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { NonRetryable, task } from 'tutti';
export const steps = task(async (ctx, { trace, wait }: { trace: string; wait: number }) => {
  for (let n = 0; n < 6; n++) {
    await ctx.run('step', async ({ signal }) => {
      if (n === wait) {
        ctx.log.info('waiting');
        while (!existsSync(trace + '.go')) await setTimeout(20, undefined, { signal });
      }
      appendFileSync(trace, n + '\\n');
    });
  }
  return 'whole';
});
export const fragile = task({ retry: { attempts: 1 } }, async (ctx, file: string) => {
  await ctx.run('before', () => appendFileSync(file, 'before\\n'));
  return ctx.run('look', () => {
    if (!existsSync(file + '.go')) throw new NonRetryable('not yet');
    return 'now';
  }, { retry: { attempts: 1 } });
});
export const stuck = task(() => { for (;;); });
`;

let place: Workplace;
beforeAll(() => {
  place = new Workplace(app);
});
afterAll(() => place.remove());

const allSteps = '0\n1\n2\n3\n4\n5\n';
const inputOf = (trace: string): string => JSON.stringify({ trace: place.path(trace), wait: 3 });

describe('a run with a key', () => {
  test('that is stopped by Ctrl-C says how to go on, and goes on there; then its result is kept', async () => {
    const args = ['run', 'app.ts', 'steps', inputOf('a'), '--id', 'a', '--data', 'data-a'];
    const first = place.start(args);
    await first.seen(/ waiting$/m);
    first.kill('SIGINT');
    const stopped = await first.ended;
    expect(stopped).toMatchObject({ code: 130, out: '' });
    expect(stopped.err).toMatch(
      /Stopped\. steps [0-9A-Z]{26} is kept with 3 steps\.\nContinue: tutti run app\.ts steps /,
    );
    expect(stopped.err).toMatch(/--data data-a --id a\n$/);
    place.write('a.go', '');

    const second = await place.run(args);
    expect(second).toMatchObject({ code: 0, out: '"whole"\n' });
    expect(second.err).toMatch(/^Continuing steps .*: [3-6] steps done\.$/m);
    expect(readFileSync(place.path('a'), 'utf8')).toBe(allSteps);

    const third = await place.run(args);
    expect(third).toMatchObject({ code: 0, out: '"whole"\n' });
    expect(third.err).toContain('has completed before; this is its stored result');

    const other = await place.run(['run', 'app.ts', 'steps', inputOf('b'), '--id', 'a', '--data', 'data-a']);
    expect(other).toMatchObject({ code: 4, out: '' });
    expect(other.err).toContain('KEY_CONFLICT');
  });

  test('that is killed with its whole process group goes on where it was (P10)', async () => {
    const args = ['run', 'app.ts', 'steps', inputOf('k'), '--id', 'k', '--data', 'data-k'];
    const first = place.start(args, { group: true });
    await first.seen(/ waiting$/m);
    first.killGroup();
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' });
    place.write('k.go', '');
    const second = await place.run(args);
    expect(second).toMatchObject({ code: 0, out: '"whole"\n' });
    expect(readFileSync(place.path('k'), 'utf8')).toBe(allSteps);
  });

  test('whose command alone is killed leaves no process behind, and goes on', async () => {
    const args = ['run', 'app.ts', 'steps', inputOf('l'), '--id', 'l', '--data', 'data-l'];
    const first = place.start(args);
    await first.seen(/ waiting$/m);
    const child = childOf('data-l');
    first.kill('SIGKILL');
    await gone(child);
    place.write('l.go', '');
    expect(await place.run(args)).toMatchObject({ code: 0, out: '"whole"\n' });
    expect(readFileSync(place.path('l'), 'utf8')).toBe(allSteps);
  });
});

/** The process that holds a data folder: it says so there. */
const childOf = (data: string): number =>
  (JSON.parse(readFileSync(place.path(`${data}/lock`), 'utf8')) as { pid: number }).pid;

test('a run without a key goes on by the id that it says', async () => {
  const first = place.start(['run', 'app.ts', 'steps', inputOf('n'), '--data', 'data-n']);
  await first.seen(/ waiting$/m);
  first.kill('SIGTERM');
  const { code, err } = await first.ended;
  expect(code).toBe(143);
  const line = /^Continue: tutti (.*)$/m.exec(err);
  place.write('n.go', '');
  expect(await place.run(line![1]!.split(' '))).toMatchObject({ code: 0, out: '"whole"\n' });
  expect(readFileSync(place.path('n'), 'utf8')).toBe(allSteps);
});

test('a process that dies under a task is started again, and the task goes on', async () => {
  const first = place.start(['run', 'app.ts', 'steps', inputOf('d'), '--data', 'data-d']);
  await first.seen(/ waiting$/m);
  process.kill(childOf('data-d'), 'SIGKILL');
  await first.seen(/^crash: .*SIGKILL/m);
  place.write('d.go', '');
  expect(await first.ended).toMatchObject({ code: 0, out: '"whole"\n' });
  expect(first.err).toMatch(/^Continuing steps [0-9A-Z]{26}: [3-6] steps done\.$/m);
  expect(readFileSync(place.path('d'), 'utf8')).toBe(allSteps);
});

test('a failed task is run again with --retry, from its last good step', async () => {
  const file = place.path('f');
  const args = ['run', 'app.ts', 'fragile', JSON.stringify(file), '--id', 'f', '--data', 'data-f'];
  const first = await place.run(args);
  expect(first.code).toBe(1);
  expect(first.err).toMatch(/--id f --retry\n$/);
  // The same key gives the stored error.
  expect((await place.run(args)).code).toBe(1);
  place.write('f.go', '');
  expect(await place.run([...args, '--retry'])).toMatchObject({ code: 0, out: '"now"\n' });
  expect(readFileSync(file, 'utf8')).toBe('before\n');
});

test('a second Ctrl-C ends it at once, whatever the task does', async () => {
  const running = place.start(['run', 'app.ts', 'stuck', '--data', 'data-s']);
  await running.seen(/1\/\d+ executors busy/);
  const child = childOf('data-s');
  running.kill('SIGINT');
  await running.seen(/^Stopping \(SIGINT\)/m);
  running.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  await gone(child);
  expect(existsSync(place.path('data-s/format.json'))).toBe(true);
});

test('a folder that another process holds is refused with that process named', async () => {
  const first = place.start(['run', 'app.ts', 'steps', inputOf('h'), '--data', 'data-h']);
  await first.seen(/ waiting$/m);
  const second = await place.run(['run', 'app.ts', 'steps', inputOf('i'), '--data', 'data-h']);
  expect(second.code).toBe(4);
  expect(second.err).toContain(`DATA_LOCKED`);
  expect(second.err).toContain(`process ${childOf('data-h')}`);
  place.write('h.go', '');
  expect((await first.ended).code).toBe(0);
});
