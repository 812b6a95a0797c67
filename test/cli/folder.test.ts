/** list, status, cancel, retry and logs on a folder, with a process that holds it and without; init. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventsOf, Workplace } from './command.fixture.ts';

const app = `
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { NonRetryable, task } from 'tutti';
export const child = task(async () => 1);
export const fails = task(async (ctx) => { ctx.log.warn('about to fail', { at: new Date(0) }); throw new NonRetryable('no use'); });
export const parent = task(async (ctx) => ctx.call(child));
export const waits = task(async (ctx, go: string) => {
  ctx.progress(1, 2, 'half way');
  ctx.log.info('waiting');
  while (!existsSync(go)) await setTimeout(20, undefined, { signal: ctx.signal });
  return 'gone';
});
`;

let place: Workplace;
beforeAll(async () => {
  place = new Workplace(app);
  expect((await place.run(['run', 'app.ts', 'parent', '--id', 'p'])).code).toBe(0);
  expect((await place.run(['run', 'app.ts', 'fails'])).code).toBe(1);
});
afterAll(() => place.remove());

const listed = async (...args: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> =>
  eventsOf((await place.run(['list', '--json', ...args])).out);

describe('on a folder that nobody holds', () => {
  test('list shows a table with the same columns each time, newest first, without children', async () => {
    const { code, out } = await place.run(['list']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(1, 3).join(' '))).toEqual([
      'TASK STATE',
      'fails failed',
      'parent completed',
      '',
    ]);
    expect((await listed('--all')).map(({ name }) => name)).toContain('child');
  });

  test('list chooses by state, task and key', async () => {
    expect((await listed('--state', 'failed')).map(({ name }) => name)).toEqual(['fails']);
    expect((await listed('--key', 'p')).map(({ name }) => name)).toEqual(['parent']);
    const none = await place.run(['list', '--state', 'unfinished']);
    expect(none).toMatchObject({ code: 0, out: '', err: 'No such tasks.\n' });
  });

  test('status, logs and retry take the beginning of an id', async () => {
    const [task] = await listed('--task', 'fails');
    const id = task?.['id'] as string;
    const beginning = id.slice(0, 8).toLowerCase();
    const status = await place.run(['status', beginning]);
    expect(status.out).toContain(id);
    expect(status.out).toMatch(/TASK_FAILED: fails failed: no use\n {2}at .*app\.ts:6/);
    const logs = await place.run(['logs', beginning, '--json']);
    expect(JSON.parse(logs.out)).toMatchObject({
      level: 'warn',
      fields: { at: { $date: '1970-01-01T00:00:00.000Z' } },
    });
    const retry = await place.run(['retry', beginning]);
    expect(retry).toMatchObject({ code: 0, out: '' });
    expect(retry.err).toContain(`--continue ${id}`);
    expect(JSON.parse((await place.run(['status', id, '--json'])).out)).toMatchObject({ state: 'queued' });
    // Cancelled again, so that it does not run beside the tasks of the next test.
    expect((await place.run(['cancel', id, '--yes'])).code).toBe(0);
  });

  test('what is not there is refused', async () => {
    const none = await place.run(['status', 'ZZZZ']);
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toContain('TASK_NOT_FOUND');
    const nowhere = await place.run(['list', '--data', 'nowhere']);
    expect(nowhere.code).toBe(3);
    expect(nowhere.err).toContain('no data folder');
    expect(existsSync(place.path('nowhere'))).toBe(false);
  });
});

test('on a folder that is held: through its holder; cancel is asked for by name, and the run that waits is told', async () => {
  const running = place.start(['run', 'app.ts', 'waits', '"/nowhere/at-all"']);
  await running.seen(/ waiting$/m);
  const [task] = await listed('--state', 'unfinished');
  expect(task).toMatchObject({ name: 'waits', state: 'running', progress: { done: 1, total: 2, message: 'half way' } });
  const id = task?.['id'] as string;
  expect((await place.run(['logs', id])).out).toMatch(/info {2}waiting\n$/);

  const unsaid = await place.run(['cancel', id]);
  expect(unsaid).toMatchObject({ code: 2, out: '' });
  expect(unsaid.err).toContain('--yes');
  expect((await place.run(['cancel', id, '--dry-run'])).err).toMatch(/^Would cancel waits .*\(running, 1\/2\)/);
  expect((await place.run(['status', id, '--json'])).out).toContain('"running"');

  expect((await place.run(['cancel', id, '--yes'])).err).toBe(`Cancelled waits ${id}.\n`);
  const ended = await running.ended;
  expect(ended).toMatchObject({ code: 1, out: '' });
  expect(ended.err).toContain('TASK_CANCELLED');
  const twice = await place.run(['cancel', id, '--yes']);
  expect(twice.code).toBe(4);
  expect(twice.err).toContain('has cancelled already');
});

test('init writes three files that run as they are, and never over others', async () => {
  const init = await place.run(['init', 'shop']);
  expect(init.code).toBe(0);
  const line = /^Run it: tutti (.*) '(.*)'$/m.exec(init.err);
  const { code, out } = await place.run([...line![1]!.split(' '), line![2]!]);
  expect({ code, out }).toEqual({ code: 0, out: '{"to":2,"be":2,"or":1,"not":1}\n' });
  expect(JSON.parse(readFileSync(place.path('shop/package.json'), 'utf8'))).toMatchObject({
    name: 'shop',
    type: 'module',
  });
  expect(readFileSync(place.path('shop/README.md'), 'utf8')).toContain('npm start');

  const again = await place.run(['init', 'shop']);
  expect(again.code).toBe(2);
  expect(again.err).toContain('app.ts');
});
