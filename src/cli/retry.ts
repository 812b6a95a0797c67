/** `tutti retry`: runs a failed or cancelled task again. */
import type { Command } from 'commander';
import { type FolderOptions, folderOptions, folderPath, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import { withFolder } from './folder-access.ts';
import type { Shell } from './shell.ts';
import { commandWords, shellLine } from './shell-words.ts';
import { machineText } from './task-view.ts';

export const addRetryCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  folderOptions(
    withExamples(
      program.command('retry'),
      'run a failed or cancelled task again',
      'Runs a failed or cancelled task again, with all its attempts. Steps recorded before the first failed one are kept.',
      ['tutti retry 3KQ8', 'tutti retry 3KQ8 --data /srv/shop'],
    ),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .action(async (id: string, options: FolderOptions) => exit(await retry(id, options, shell)));
};

const retry = (id: string, options: FolderOptions, shell: Shell): Promise<number> =>
  withFolder(folderPath(shell.cwd, options), options.logLevel, async (tools, held) => {
    const task = await findTask(tools, id);
    await tools.retry(task.id);
    const words = [...commandWords(shell.environment), 'run', 'app.ts', task.name];
    const folder = options.data === '.tutti' ? [] : ['--data', options.data];
    shell.say(
      held
        ? `${task.name} ${task.id} is queued again.\n`
        : `${task.name} ${task.id} is queued again. No process runs this folder now; it goes on with: ${shellLine([...words, ...folder, '--continue', task.id])}\n`,
    );
    if (options.json === true) {
      const now = await tools.status(task.id);
      if (now !== undefined) await shell.print(`${machineText(now)}\n`);
    }
    return exitCode.ok;
  });
