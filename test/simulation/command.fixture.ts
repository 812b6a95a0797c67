/** Runs `npm run simulate` as a process. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const mainFile = join(import.meta.dirname, 'main.ts');

export type Ran = { readonly code: number | null; readonly out: string };

/** `program` and its arguments up to the file; the simulator's follow. */
export const simulate = (args: readonly string[], program: readonly string[] = [process.execPath]): Promise<Ran> => {
  const [command, ...before] = program as [string, ...string[]];
  const child = spawn(command, [...before, mainFile, ...args], { cwd: join(import.meta.dirname, '../..') });
  let out = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out }));
  });
};
