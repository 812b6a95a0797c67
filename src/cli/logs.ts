/** `tutti logs`: what a task wrote with `ctx.log`. */
import type { Command } from 'commander';
import { type FolderOptions, folderOptions, folderPath, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import { withFolder } from './folder-access.ts';
import type { Shell } from './shell.ts';
import { logLineText, machineText } from './task-view.ts';

export const addLogsCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  folderOptions(
    withExamples(program.command('logs'), "show a task's log", 'Prints what a task wrote with ctx.log, oldest first.', [
      'tutti logs 3KQ8',
      'tutti logs 3KQ8 --json --data /srv/shop',
    ]),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .action(async (id: string, options: FolderOptions) => exit(await logs(id, options, shell)));
};

const logs = async (id: string, options: FolderOptions, shell: Shell): Promise<number> => {
  const lines = await withFolder(folderPath(shell.cwd, options), options.logLevel, async (tools) =>
    tools.logs((await findTask(tools, id)).id),
  );
  if (lines.length === 0) shell.say('It has logged nothing.\n');
  for (const line of lines)
    await shell.print(`${options.json === true ? machineText(line) : logLineText(line, shell.outStyle)}\n`);
  return exitCode.ok;
};
