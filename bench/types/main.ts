/**
 * `npm run bench:types`: how long the type-checker takes for an app of 500 tasks and a program that calls each of them through a
 * client, and how long an editor waits for a completion in it. Ends with 1 if an aim is missed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateApp } from './generated-app.ts';
import { LanguageServer } from './language-server.ts';

const root = join(import.meta.dirname, '../..');
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const tasks = 500;
const checkMsAim = 10_000;
const completionMsAim = 300;

const folder = mkdtempSync(join(root, 'bench/types/.app-'));
try {
  const { program, text } = generateApp(folder, tasks);
  const began = performance.now();
  const { status, stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', folder], { encoding: 'utf8' });
  const checkMs = performance.now() - began;
  if (status !== 0) throw new Error(`The generated app does not compile:\n${stdout.slice(0, 2_000)}`);

  const server = new LanguageServer(compiler);
  await server.open(folder, program, text);
  const lines = text.split('\n').length - 1;
  const times: number[] = [];
  for (const [index, typed] of ['client.tasks.', 'client.tasks.part3.', 'client.tasks.part7.task351.'].entries()) {
    // Twice each: the first one, and one after another key was pressed.
    for (const pressed of ['', ' ']) {
      server.change(program, 2 * index + (pressed === '' ? 2 : 3), `${text}${pressed}${typed}`);
      const asked = performance.now();
      const names = await server.complete(program, lines, pressed.length + typed.length);
      times.push(performance.now() - asked);
      const expected = ['part9', 'task160', 'start'][index] as string;
      if (!names.includes(expected))
        throw new Error(`${typed} offers ${names.slice(0, 20).join(', ')}: no ${expected}.`);
    }
  }
  await server.close();
  const [first = 0, ...others] = times;
  const slowest = Math.max(...others);
  console.log(`${tasks} tasks type-check in ${(checkMs / 1000).toFixed(1)} s (aim: ${checkMsAim / 1000} s)`);
  console.log(
    `completion: ${first.toFixed(0)} ms for the first, which loads the project; then at most ${slowest.toFixed(0)} ms (aim: ${completionMsAim} ms)`,
  );
  if (checkMs > checkMsAim || slowest > completionMsAim) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
