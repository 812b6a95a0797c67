/** What `deploy/` has, read by the programs that it is for. `started.test.ts` starts it; `test/docs/` looks at its commands. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { composeCommand } from './compose.fixture.ts';

const deploy = join(import.meta.dirname, '../../deploy');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-deploy-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const said = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The file with one text in place of another, elsewhere. */
const changed = (name: string, from: string, to: string): string => {
  const text = readFileSync(join(deploy, name), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, name), text.replace(from, to));
  return join(folder, name);
};

test('compose takes its file, and would refuse a word that it does not know', async () => {
  const [program, ...words] = await composeCommand();
  const config = (file: string): string => said(program, ...words, '-f', file, 'config', '--services');
  expect(config(join(deploy, 'compose.yaml')).trim().split('\n').sort()).toEqual(['first', 'second', 'third']);
  expect(() => config(changed('compose.yaml', 'stop_grace_period', 'stop_grace'))).toThrow(/stop_grace/);
});

test('systemd takes its unit, and would refuse a word that it does not know', () => {
  // It warns of what it ignores, and ends as if all were well.
  const complaints = (file: string): string => {
    const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
    if (error !== undefined) throw error;
    return status === 0 ? stderr : `${status} ${stderr}`;
  };
  expect(complaints(join(deploy, 'tutti.service'))).toBe('');
  expect(complaints(changed('tutti.service', 'Restart=always', 'Restart=perhaps'))).toContain('perhaps');
});
