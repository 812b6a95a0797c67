/** Completion in a real bash, on tasks that are there; what zsh and fish get is the same list. */
import { execFile } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, type Running, Workplace } from './command.fixture.ts';

const app = `
import { NonRetryable, task } from 'tutti';
export const hello = task(async () => 1);
export const fails = task(async () => { throw new NonRetryable('no'); });
`;

let place: Workplace;
let node: Running;
let url: string;
const ids: Record<string, string> = {};
beforeAll(async () => {
  place = new Workplace(app);
  place.write('tutti', `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`);
  chmodSync(place.path('tutti'), 0o755);
  node = place.start(['serve', 'app.ts', '--port', '0']);
  url = (await node.seen(/"url":"([^"]+)"/))[1] as string;
  for (const [name, ...args] of [['hello', 'null', '--delay', '1 h'], ['fails']] as const) {
    const { out } = await place.run(['start', name, ...args, '--url', url]);
    ids[name] = out.trim();
  }
  await place.run(['follow', ids['fails'] as string, '--url', url]);
});
afterAll(async () => {
  node.kill('SIGTERM');
  await node.ended;
  await place.remove();
});

const script = `eval "$(tutti completion bash)"
COMP_LINE=$1; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(); COMP_CWORD=0
_tutti
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What bash offers behind this line. */
const offered = (line: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const env = { PATH: `${place.folder}:${process.env['PATH']}`, NODE_COMPILE_CACHE: place.path('.cache') };
    execFile('bash', ['--norc', '-c', script, 'bash', line], { cwd: place.folder, env }, (error, out, err) => {
      if (error === null && err === '') resolve(out.split('\n').filter((each) => each !== ''));
      else reject(new Error(`${error?.message ?? ''}\n${err}`));
    });
  });

test('commands, options and values that an option can have', async () => {
  expect(await offered('tutti ')).toEqual(expect.arrayContaining(['run', 'dev', 'list', 'completion', 'help']));
  expect(await offered('tutti ')).not.toContain('complete');
  expect(await offered('tutti re')).toEqual(['retry']);
  expect(await offered('tutti to')).toEqual(['token', 'top']);
  expect(await offered('tutti status --w')).toEqual(['--watch']);
  expect(await offered('tutti list --st')).toEqual(['--state']);
  expect(await offered('tutti list --json --')).not.toContain('--json');
  expect(await offered('tutti list --state fai')).toEqual(['failed']);
  expect(await offered('tutti completion ')).toEqual(['bash', 'zsh', 'fish']);
  expect(await offered('tutti --ver')).toEqual(['--version']);
});

test('ids of tasks that are there, in the folder and at an address, and only those that the command is for', async () => {
  const both = [ids['fails'], ids['hello']].sort();
  expect([...(await offered('tutti status '))].sort()).toEqual(both);
  expect([...(await offered(`tutti follow --url ${url} `))].sort()).toEqual(both);
  expect(await offered('tutti cancel ')).toEqual([ids['hello']]);
  expect(await offered(`tutti retry --data .tutti ${ids['fails']?.slice(0, 6).toLowerCase()}`)).toEqual([ids['fails']]);
  expect(await offered('tutti status --data nowhere ')).toEqual([]);
});

test('names of the tasks of a node; nothing, so that the shell offers files, where files are meant', async () => {
  expect(await offered(`tutti start --url ${url} `)).toEqual(['fails', 'hello']);
  expect(await offered(`tutti run --url ${url} he`)).toEqual(['hello']);
  expect(await offered('tutti run ')).toEqual([]);
  expect(await offered('tutti dev ')).toEqual([]);
  expect(await offered('tutti list --data ')).toEqual([]);
  expect(await offered('tutti nonsense ')).toEqual([]);
});

test('each candidate comes with what it is, for shells that show that', async () => {
  const { out } = await place.run(['complete', '--', 'status', '']);
  expect(out).toMatch(new RegExp(`^${ids['fails']}\tfails failed, .* old$`, 'm'));
  for (const shell of ['zsh', 'fish'])
    expect((await place.run(['completion', shell])).out).toMatch(/complete -- .*words/);
  expect((await place.run(['completion', 'tcsh'])).code).toBe(2);
});
