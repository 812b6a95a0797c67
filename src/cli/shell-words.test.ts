import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandWords, shellLine } from './shell-words.ts';

test('a command line that is shown means the same words when it is pasted into a shell', () => {
  const words = ['plain', 'two words', '"2026-11"', "it's", '', '$HOME', '*', '{"a":[1,2]}', 'ä', '-x', '\n'];
  const back = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${shellLine(words)}`], { encoding: 'utf8' });
  expect(back.split('\0').slice(0, -1)).toEqual(words);
});

test('words that need no quotes have none', () => {
  expect(shellLine(['tutti', 'run', './app.ts', '--id', 'nov-1'])).toBe('tutti run ./app.ts --id nov-1');
});

test('the command is called as it was: through npx, or by its name', () => {
  expect(commandWords({ npm_command: 'exec' })).toEqual(['npx', 'tutti']);
  expect(commandWords({ npm_command: 'run-script' })).toEqual(['tutti']);
  expect(commandWords({})).toEqual(['tutti']);
});
