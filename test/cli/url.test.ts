/** The commands on a node that serves: over its address, and over its folder; both show the same. */

import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, eventsOf, type Running, Workplace } from './command.fixture.ts';

const app = `
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { NonRetryable, task } from 'tutti';
export const echo = task(async (_ctx, input: unknown) => input);
export const nothing = task(async () => undefined);
export const values = task(async () => ({ at: new Date(0), big: 10n }));
export const fails = task(async (ctx) => { ctx.log.warn('about to fail', { at: new Date(0) }); throw new NonRetryable('no use'); });
export const waits = task(async (ctx, go: string) => {
  ctx.log.info('waiting', { go });
  ctx.progress(1, 2, 'half way');
  await ctx.run('wait', async ({ signal }) => { while (!existsSync(go)) await setTimeout(20, undefined, { signal }); });
  ctx.log.info('went');
  return 'gone';
});
`;

let place: Workplace;
let node: Running;
let url: string;
beforeAll(async () => {
  place = new Workplace(app);
  node = place.start(['serve', 'app.ts', '--port', '0']);
  url = (await node.seen(/"url":"([^"]+)"/))[1] as string;
});
afterAll(async () => {
  node.kill('SIGTERM');
  expect((await node.ended).code).toBe(0);
  await place.remove();
});

const over = (...args: readonly string[]): Promise<Ended> => place.run([...args, '--url', url]);

const started = async (task: string, input: string, ...args: readonly string[]): Promise<string> => {
  const { code, out, err } = await over('start', task, input, ...args);
  expect({ code, out, err }).toEqual({
    code: 0,
    out: expect.stringMatching(/^[0-9A-Z]{26}\n$/) as unknown,
    err: expect.any(String) as unknown,
  });
  return out.trim();
};

describe('run', () => {
  test('prints the result alone on stdout', async () => {
    expect(await over('run', 'echo', '{"a":[1,"ä"]}')).toMatchObject({ code: 0, out: '{"a":[1,"ä"]}\n' });
    const { out } = await over('run', 'values');
    expect(out).toBe('{"at":{"$date":"1970-01-01T00:00:00.000Z"},"big":{"$bigint":"10"}}\n');
    const silent = await over('run', 'nothing');
    expect(silent).toMatchObject({ code: 0, out: '' });
    expect(silent.err).toMatch(/^done: nothing in /m);
  });

  test('shows log lines and the error of a task that fails, with the command that runs it again, and 1', async () => {
    const { code, out, err } = await over('run', 'fails');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/warn {2}about to fail/);
    expect(err).toMatch(/^error TASK_FAILED: fails failed: no use\n {2}NonRetryable: no use\n {4}at .*app\.ts:8/m);
    expect(err).toMatch(new RegExp(`tutti retry [0-9A-Z]{26} --url ${url}\n$`));
    const events = eventsOf((await over('run', 'fails', '--json')).err);
    expect(events.map(({ event }) => event)).toEqual(['started', 'log', 'failed']);
  });

  test('with a key attaches: the stored result, and a conflict for another input', async () => {
    expect((await over('run', 'echo', '1', '--id', 'k')).out).toBe('1\n');
    const again = await over('run', 'echo', '1', '--id', 'k');
    expect(again).toMatchObject({ code: 0, out: '1\n' });
    expect(again.err).toContain('has completed before; this is its stored result');
    const other = await over('run', 'echo', '2', '--id', 'k');
    expect(other.code).toBe(4);
    expect(other.err).toContain('KEY_CONFLICT');
  });
});

test('start prints an id; status, list and logs show over the address what they show over the folder', async () => {
  const id = await started('fails', 'null', '--id', 'shown');
  await over('follow', id);
  for (const args of [
    ['status', id, '--json'],
    ['list', '--key', 'shown', '--json'],
    ['logs', id],
    ['logs', id, '--json'],
  ]) {
    const [a, b] = [await over(...args), await place.run(args)];
    expect(a.out).not.toBe('');
    expect({ ...a, args }).toEqual({ ...b, args });
  }
  expect(JSON.parse((await over('status', id.slice(0, 10), '--json')).out)).toMatchObject({
    id,
    state: 'failed',
    key: 'shown',
  });
  const later = await over('start', 'echo', '1', '--delay', '1 h', '--json');
  expect(JSON.parse(later.out)).toMatchObject({ name: 'echo', state: 'scheduled' });
});

describe.each([
  ['over the address', (): readonly string[] => ['--url', url]],
  ['over the folder', (): readonly string[] => []],
])('follow %s', (how, where) => {
  test('shows lines and progress live, and the result', async () => {
    const go = place.path(`go-${how}`);
    const id = await started('waits', JSON.stringify(go));
    const following = place.start(['follow', id, ...where()]);
    const lines = place.start(['logs', id, '--follow', ...where()]);
    await following.seen(/info {2}waiting/);
    await following.seen(/half way/);
    place.write(`go-${how}`, '');
    const { code, out, err } = await following.ended;
    expect({ code, out }).toEqual({ code: 0, out: '"gone"\n' });
    expect(err).toMatch(/info {2}went\n(.*\n)*done: waits in /);
    expect((await lines.ended).out).toMatch(/^.*info {2}waiting.*\n.*info {2}went\n$/);
    // What has ended is shown again from its record.
    expect(await place.run(['follow', id, ...where()])).toMatchObject({ code: 0, out: '"gone"\n' });
  });

  test('with --json prints the events; left by Ctrl-C or by time, the task goes on', async () => {
    const go = place.path(`go on ${how}`);
    const id = await started('waits', JSON.stringify(go));
    const late = await place.run(['follow', id, '--timeout', '100ms', ...where()]);
    expect(late).toMatchObject({ code: 4, out: '' });
    expect(late.err).toContain(`goes on: it has not ended in time.\nFollow it: tutti follow ${id}`);
    const following = place.start(['follow', id, ...where()]);
    await following.seen(/waiting/);
    following.kill('SIGINT');
    expect((await following.ended).code).toBe(130);
    expect(following.err).toContain('goes on without being watched');
    place.write(`go on ${how}`, '');
    const { code, out } = await place.run(['follow', id, '--json', ...where()]);
    expect(code).toBe(0);
    const events = eventsOf(out);
    expect(events.filter(({ type }) => type === 'log').map(({ index, message }) => [index, message])).toEqual([
      [0, 'waiting'],
      [1, 'went'],
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'finished', ok: true, value: 'gone' });
  });
});

test('cancel and retry reach the node', async () => {
  const go = place.path('never');
  const id = await started('waits', JSON.stringify(go));
  const refused = await over('cancel', id);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('--yes');
  const cancelled = await over('cancel', id, '--yes', '--json');
  expect(JSON.parse(cancelled.out)).toMatchObject({ id, state: 'cancelled' });
  expect((await over('follow', id)).code).toBe(1);
  expect((await over('cancel', id, '--yes')).code).toBe(4);
  const retried = await over('retry', id);
  expect(retried).toMatchObject({ code: 0, out: '', err: expect.stringContaining('is queued again.\n') as unknown });
  expect((await over('cancel', id, '--yes')).code).toBe(0);
  const told = await over('retry', id, '--json');
  expect(told).toMatchObject({ code: 0, err: expect.stringContaining('is queued again.\n') as unknown });
  expect(eventsOf(told.out)).toMatchObject([
    { id, name: 'waits', state: expect.stringMatching(/^(queued|running)$/) as unknown },
  ]);
  expect((await over('cancel', id, '--yes')).code).toBe(0);
  const ended = await over('retry', await started('nothing', 'null'), '--json');
  expect(ended).toMatchObject({ code: 4, out: '', err: expect.stringContaining('TASK_STATE') as unknown });
});

describe('what cannot be done', () => {
  test.each([
    [['start', 'ecko'], 2, 'The app has no task ecko. It has: '],
    [['start', 'echo', 'text'], 2, `'"text"'`],
    [['run', 'app.ts', 'echo'], 2, "With --url the app is the node's"],
    [['run', 'echo', '--continue', 'X'], 2, '--continue is of no use with --url: see tutti follow'],
    [['list', '--data', 'x'], 2, 'Name a node (--url) or a folder (--data), not both'],
    [['follow', 'ZZZZ'], 2, 'TASK_NOT_FOUND'],
    [['folow', 'ZZZZ'], 2, 'Did you mean follow?'],
  ])('%j is exit code %d and says why', async (args, expected, says) => {
    const { code, out, err } = await over(...args);
    expect(err).toContain(says);
    expect({ code, out }).toEqual({ code: expected, out: '' });
  });

  test('no address, an address where nothing is, and a wrong token', async () => {
    const nowhere = await place.run(['start', 'echo']);
    expect(nowhere).toMatchObject({
      code: 2,
      err: expect.stringContaining('--url http://127.0.0.1:8484, or TUTTI_URL') as unknown,
    });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const gone = await place.run(['list', '--url', `http://127.0.0.1:${port}`]);
    expect(gone.code).toBe(3);
    expect(gone.err).toContain(`No node answers at http://127.0.0.1:${port}`);
  });
});

test('TUTTI_URL and TUTTI_TOKEN stand for the options; a folder that is named goes over them', async () => {
  const env = { TUTTI_TOKEN: 'a-token-that-is-long-enough' };
  const guarded = place.start(['serve', 'app.ts', '--port', '0', '--data', 'guarded'], { env });
  const [, address] = await guarded.seen(/"url":"([^"]+)"/);
  const both = { env: { ...env, TUTTI_URL: address as string } };
  expect((await place.run(['run', 'echo', '1', '--id', 'only-there'], both)).out).toBe('1\n');
  expect((await place.run(['list', '--key', 'only-there', '--json'], both)).out).toContain('only-there');
  expect((await place.run(['list', '--key', 'only-there', '--json', '--data', '.tutti'], both)).out).toBe('');
  expect((await place.run(['run', 'app.ts', 'echo', '2', '--data', 'mine'], both)).out).toBe('2\n');
  const wrong = await place.run(['list'], {
    env: { TUTTI_URL: address as string, TUTTI_TOKEN: 'wrong-token-of-some-length' },
  });
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain('UNAUTHORIZED');
  guarded.kill('SIGTERM');
  expect((await guarded.ended).code).toBe(0);
});
