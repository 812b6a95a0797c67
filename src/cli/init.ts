/** `tutti init`: writes a first app. */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import { withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { initFiles } from './init-files.ts';
import type { Shell } from './shell.ts';
import { commandWords, shellLine } from './shell-words.ts';
import { packageVersion } from './version.ts';

export const addInitCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  withExamples(
    program.command('init'),
    'write a first app that runs',
    'Writes a first app of three files: package.json, app.ts, README.md. Files that are there are never overwritten.',
    ['tutti init shop', 'tutti init'],
  )
    .argument('[folder]', 'where to', '.')
    .action((folder: string) => exit(init(folder, shell)));
};

const init = (folder: string, shell: Shell): number => {
  const path = resolve(shell.cwd, folder);
  const files = initFiles(appNameOf(path), packageVersion());
  const there = files.filter(({ name }) => statSync(join(path, name), { throwIfNoEntry: false }) !== undefined);
  if (there.length > 0)
    throw new TuttiError(
      'OPTION_INVALID',
      `${folder} has ${there.map(({ name }) => name).join(', ')} already, and nothing was written. Choose an empty folder: tutti init shop`,
    );
  try {
    mkdirSync(path, { recursive: true });
    for (const { name, text } of files) writeFileSync(join(path, name), text, { flag: 'wx' });
  } catch (cause) {
    throw new TuttiError('OPTION_INVALID', `The app could not be written: ${(cause as Error).message}`, { cause });
  }
  for (const { name } of files) shell.say(`wrote ${join(folder, name)}\n`);
  const app = relative(shell.cwd, join(path, 'app.ts')) || 'app.ts';
  const line = shellLine([...commandWords(shell.environment), 'run', app, 'countWords', '["to be or not to be"]']);
  shell.say(`\nRun it: ${line}\n`);
  return exitCode.ok;
};

/** A name that npm takes. */
const appNameOf = (path: string): string =>
  basename(path)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '') || 'app';
