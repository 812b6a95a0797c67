/** `tutti status`: what can be seen of one task. */
import type { Command } from 'commander';
import { type TaskOptions, targetOf, taskOptions, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import type { Shell } from './shell.ts';
import { withTasks } from './task-access.ts';
import { machineText, taskFields } from './task-view.ts';

export const addStatusCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('status'),
      'show one task',
      'Shows one task: its state, how far it is, and its error if it failed.',
      ['tutti status 3KQ8', 'tutti status 3KQ8 --json --data /srv/shop'],
    ),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .action(async (id: string, options: TaskOptions, command: Command) =>
      exit(await status(id, options, command, shell)),
    );
};

const status = async (id: string, options: TaskOptions, command: Command, shell: Shell): Promise<number> => {
  const task = await withTasks(targetOf(shell.cwd, options, command), (tools) => findTask(tools, id));
  const text =
    options.json === true ? machineText(task) : taskFields(task, shell.outStyle, Date.now(), shell.cwd).join('\n');
  await shell.print(`${text}\n`);
  return exitCode.ok;
};
