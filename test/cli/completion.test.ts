/** Completion in a real bash, on tasks that are there. Of zsh and fish: `test/shells`. */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Workplace } from './command.fixture.ts';
import { type CompletionPlace, openCompletionPlace } from './completion-place.fixture.ts';

let opened: CompletionPlace;
let place: Workplace;
let url: string;
let ids: CompletionPlace['ids'];
beforeAll(async () => {
  opened = await openCompletionPlace();
  ({ place, url, ids } = opened);
});
afterAll(() => opened.close());

const script = `eval "$(tutti completion bash)"
COMP_LINE=$1; COMP_POINT=\${#COMP_LINE}; COMP_WORDS=(); COMP_CWORD=0
_tutti
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What bash offers behind this line. */
const offered = (line: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const { env } = opened;
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
  const both = [ids.fails, ids.hello].sort();
  expect([...(await offered('tutti status '))].sort()).toEqual(both);
  expect([...(await offered(`tutti follow --url ${url} `))].sort()).toEqual(both);
  expect(await offered('tutti cancel ')).toEqual([ids.hello]);
  expect(await offered(`tutti retry --data .tutti ${ids.fails.slice(0, 6).toLowerCase()}`)).toEqual([ids.fails]);
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
  expect(out).toMatch(new RegExp(`^${ids.fails}\tfails failed, .* old$`, 'm'));
  for (const shell of ['zsh', 'fish'])
    expect((await place.run(['completion', shell])).out).toMatch(/complete -- .*words/);
  expect((await place.run(['completion', 'tcsh'])).code).toBe(2);
});
