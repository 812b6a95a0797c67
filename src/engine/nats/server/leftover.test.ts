import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { endLeftover, notePid } from './leftover.ts';

const folder = (): string => {
  const made = mkdtempSync(path.join(tmpdir(), 'tutti-leftover-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

/** A process that was started as the server of this folder is, and ends when it is asked to. */
const serverOf = async (of: string) => {
  const child = spawn(process.execPath, [
    '-e',
    'process.stdout.write("here"); setInterval(() => {}, 1000)',
    path.join(of, 'nats-server.conf'),
  ]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
};

test('a server that was left running is ended, once', async () => {
  const own = folder();
  const child = await serverOf(own);
  notePid(own, child.pid);
  const ended = once(child, 'exit');
  expect(await endLeftover(own)).toBe(true);
  expect((await ended)[1]).toBe('SIGTERM');
  expect(await endLeftover(own)).toBe(false);
});

test('another process that has its id by now is left alone', async () => {
  const [own, other] = [folder(), folder()];
  const child = await serverOf(other);
  notePid(own, child.pid);
  expect(await endLeftover(own)).toBe(false);
  expect(child.exitCode).toBeNull();
  for (const text of ['', 'x', '0', '1', '-1']) {
    writeFileSync(path.join(own, 'nats-server.pid'), text);
    expect(await endLeftover(own)).toBe(false);
  }
});
