import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const bin = join(import.meta.dirname, '../../bin');

/** Runs a file of `bin/` in a process that says it is Node.js `version`. */
const runAs = (
  version: string,
  file: string,
  ...words: readonly string[]
): { status: number | null; stdout: string; stderr: string } => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`;
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, join(bin, file), ...words];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
};

test.each(['18.20.8', '20.19.0', '22.17.1', '23.5.0'])(
  'on Node.js %s the command says what it needs and ends with 2',
  (version) => {
    const { status, stdout, stderr } = runAs(version, 'tutti.js');
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`Tutti needs Node.js 22.18 or newer (24 is best); this is Node.js ${version}.`);
    expect(stderr).toContain('https://nodejs.org');
  },
);

test('for tutti doctor an older Node.js is a fault: the same line, and 1', () => {
  const { status, stderr } = runAs('20.19.0', 'tutti.js', 'doctor');
  expect(status).toBe(1);
  expect(stderr).toContain('this is Node.js 20.19.0');
});

test('on an older Node.js the npm scripts name the remedy and end with 2', () => {
  const { status, stdout, stderr } = runAs('22.17.1', 'require-node.js');
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain('Run "npm ci"');
});

test.each(['22.18.0', '23.6.0', '24.0.0', '26.1.0'])('on Node.js %s the npm scripts go on in silence', (version) => {
  expect(runAs(version, 'require-node.js')).toMatchObject({ status: 0, stdout: '', stderr: '' });
});
