/** `tutti retry`: runs a failed or cancelled task again. */
import type { Command } from 'commander';
import { type TaskOptions, targetOf, targetWords, taskOptions, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import type { Shell } from './shell.ts';
import { commandWords, shellLine } from './shell-words.ts';
import { withTasks } from './task-access.ts';
import { machineText } from './task-view.ts';

export const addRetryCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('retry'),
      'run a failed or cancelled task again',
      'Runs a failed or cancelled task again, with all its attempts. Steps recorded before the first failed one are kept.',
      ['tutti retry 3KQ8', 'tutti retry 3KQ8 --data /srv/shop'],
    ),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .action(async (id: string, options: TaskOptions, command: Command) =>
      exit(await retry(id, options, command, shell)),
    );
};

const retry = (id: string, options: TaskOptions, command: Command, shell: Shell): Promise<number> => {
  const target = targetOf(shell.cwd, options, command);
  return withTasks(target, async (tools, reach) => {
    const task = await findTask(tools, id);
    await tools.retry(task.id);
    const words = [...commandWords(shell.environment), 'run', 'app.ts', task.name, ...targetWords(target, shell.cwd)];
    shell.say(
      reach === 'opened'
        ? `${task.name} ${task.id} is queued again. No process runs this folder now; it goes on with: ${shellLine([...words, '--continue', task.id])}\n`
        : `${task.name} ${task.id} is queued again.\n`,
    );
    if (options.json === true) {
      const now = await tools.status(task.id);
      if (now !== undefined) await shell.print(`${machineText(now)}\n`);
    }
    return exitCode.ok;
  });
};
