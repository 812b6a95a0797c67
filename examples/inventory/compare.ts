/** Runs the plain script on the same folder, in a process of its own, and says how its time and its result compare. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { buffer, text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type PlainRun = {
  /** What it printed: the inventory as JSON. */
  readonly json: Buffer;
  /** From the start of its process to its end. */
  readonly seconds: number;
};

const script = fileURLToPath(new URL('./plain.ts', import.meta.url));

/** Throws if the script fails. `signal` ends it. */
export async function runPlain(folder: string, signal: AbortSignal): Promise<PlainRun> {
  const start = performance.now();
  const child = spawn(process.execPath, [script, folder, '--json'], { stdio: ['ignore', 'pipe', 'pipe'], signal });
  const [json, talk, [code]] = await Promise.all([buffer(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) {
    throw new Error(`The plain script ended with ${String(code)}: ${talk}`);
  }
  return { json, seconds: (performance.now() - start) / 1000 };
}

/** What is different, in a sentence; undefined if nothing is. */
export function difference(ours: Buffer, plain: Buffer): string | undefined {
  if (ours.equals(plain)) {
    return undefined;
  }
  const length = Math.min(ours.length, plain.length);
  let at = 0;
  while (at < length && ours[at] === plain[at]) {
    at += 1;
  }
  const around = (bytes: Buffer): string => JSON.stringify(bytes.toString('utf8', Math.max(0, at - 40), at + 40));
  return `from byte ${at} on, ours has ${around(ours)} and the plain script ${around(plain)}`;
}
