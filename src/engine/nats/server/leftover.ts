/**
 * A nats-server outlives a parent that was killed. Its process id lies beside its configuration, so that the next one can end it before it
 * starts another on the same files and ports.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { limits } from '../../../limits.ts';

const fileName = 'nats-server.pid';
const pollMs = 20;

export const notePid = (folder: string, pid: number | undefined): void => {
  if (pid !== undefined) fs.writeFileSync(path.join(folder, fileName), `${pid}\n`, { mode: 0o600 });
};

/**
 * Ends the server that was started with the configuration in `folder`, if it still runs: asks it, and after `natsStopMs` kills it. True if
 * there was one. The id may be another process's by now: that one is left alone.
 */
export const endLeftover = async (folder: string): Promise<boolean> => {
  const pid = notedPid(folder);
  if (pid === undefined || !isServerOf(pid, folder)) return false;
  process.kill(pid, 'SIGTERM');
  const until = performance.now() + limits.natsStopMs;
  for (let killed = false; isServerOf(pid, folder); ) {
    if (!killed && performance.now() > until) {
      process.kill(pid, 'SIGKILL');
      killed = true;
    }
    await pause(pollMs);
  }
  return true;
};

const notedPid = (folder: string): number | undefined => {
  try {
    const pid = Number(fs.readFileSync(path.join(folder, fileName), 'utf8'));
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
};

const isServerOf = (pid: number, folder: string): boolean =>
  commandOf(pid).includes(path.join(folder, 'nats-server.conf'));

/** Empty where there is no such process, or one that has ended and only waits to be noticed. */
const commandOf = (pid: number): string => {
  try {
    if (process.platform === 'linux') return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
};
