import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdFolder, lastHolder, lockFolder } from './folder-lock.ts';

const fixture = fileURLToPath(new URL('./lock-holder.fixture.ts', import.meta.url));
let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tutti-lock-'));
});

afterEach(async () => {
  for (const child of started.splice(0)) await kill(child);
  rmSync(folder, { recursive: true });
});

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
};

/** Starts another process that tries to lock the folder; gives what it says. */
const lockElsewhere = async (): Promise<{ child: ChildProcess; says: string }> => {
  const child = spawn(process.execPath, [fixture, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(child);
  const says = await new Promise<string>((resolve, reject) => {
    let heard = '';
    child.stdout?.on('data', (chunk) => {
      heard += String(chunk);
      if (heard.includes('\n')) resolve(heard.trim());
    });
    child.once('exit', () => reject(new Error(`it ended, having said: ${heard}`)));
  });
  return { child, says };
};

/** What an attempt to lock the folder here is refused with. */
const refusal = (): unknown => {
  try {
    lockFolder(folder).release();
  } catch (error) {
    return error;
  }
  return undefined;
};

const heldBy = (pid: number | undefined) => ({ code: 'DATA_LOCKED', details: { folder, holder: { pid } } });

it('refuses a second process with an error that names the first, until the first is killed (P8)', async () => {
  const { child, says } = await lockElsewhere();
  expect(says).toBe('locked');
  expect(refusal()).toMatchObject(heldBy(child.pid));
  expect(String(refusal())).toContain(`process ${child.pid} (lock-holder.fixture.ts ${folder}`);
  await kill(child);
  const lock = lockFolder(folder);
  expect(lastHolder(folder)).toMatchObject({ pid: process.pid });
  expect((await lockElsewhere()).says).toContain(`process ${process.pid} (`);
  lock.release();
  expect((await lockElsewhere()).says).toBe('locked');
});

it('refuses a second opener in the same process, until the first lets go', () => {
  const lock = lockFolder(folder);
  expect(refusal()).toMatchObject(heldBy(process.pid));
  // The refused attempt closed its own descriptor: that must not have dropped the lock of the first.
  expect(refusal()).toMatchObject(heldBy(process.pid));
  lock.release();
  lock.release();
  expect(refusal()).toBeUndefined();
});

it('is held by who only reads the folder, without a change to it, against all who would open it', async () => {
  expect(holdFolder(folder)).toBeUndefined();
  const lock = lockFolder(folder);
  expect(() => holdFolder(folder)).toThrow(expect.objectContaining({ code: 'DATA_LOCKED' }));
  lock.release();
  const said = readFileSync(path.join(folder, 'lock'), 'utf8');
  const held = holdFolder(folder);
  const other = holdFolder(folder);
  expect(refusal()).toMatchObject({ code: 'DATA_LOCKED' });
  other?.release();
  expect((await lockElsewhere()).says).toContain('is in use by');
  held?.release();
  expect(readFileSync(path.join(folder, 'lock'), 'utf8')).toBe(said);
  expect((await lockElsewhere()).says).toBe('locked');
});

it('goes by the lock alone: a file that names a living process does not hold the folder (P8)', () => {
  writeFileSync(
    path.join(folder, 'lock'),
    JSON.stringify({ pid: process.pid, startedAt: new Date(0).toISOString(), command: 'x'.repeat(3000) }),
  );
  const lock = lockFolder(folder);
  expect(lastHolder(folder)?.command.length).toBeLessThanOrEqual(200);
  lock.release();
});

it('says what to do when the folder cannot be locked', () => {
  mkdirSync(path.join(folder, 'lock'));
  expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'DATA_UNAVAILABLE' }));
  expect(() => lockFolder(path.join(folder, 'nowhere'))).toThrow(expect.objectContaining({ code: 'DATA_UNAVAILABLE' }));
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    expect(() => lockFolder(folder)).toThrow(expect.objectContaining({ code: 'DATA_UNAVAILABLE' }));
    chmodSync(folder, 0o700);
  }
});
