/** `tutti cancel`: ends an unfinished task. What it has done is lost to it, so somebody must say yes to that. */
import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import type { TaskStatus } from '../protocol/task-view.ts';
import { type TaskOptions, targetOf, taskOptions, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import type { Shell } from './shell.ts';
import { withTasks } from './task-access.ts';
import { machineText, progressText } from './task-view.ts';

type Options = TaskOptions & { readonly dryRun?: boolean; readonly yes?: boolean };

export const addCancelCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('cancel'),
      'end an unfinished task',
      'Ends an unfinished task, and the tasks that it waits for. `tutti retry` can run it again.',
      ['tutti cancel 3KQ8                 asks first', 'tutti cancel 3KQ8 --dry-run', 'tutti cancel 3KQ8 --yes'],
    ),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .option('--dry-run', 'say what would be cancelled, and do nothing')
    .option('--yes', 'cancel without asking')
    .action(async (id: string, options: Options, command: Command) => exit(await cancel(id, options, command, shell)));
};

const cancel = (id: string, options: Options, command: Command, shell: Shell): Promise<number> =>
  withTasks(targetOf(shell.cwd, options, command), async (tools) => {
    const task = await findTask(tools, id);
    if (task.finishedAt !== undefined)
      throw new TuttiError(
        'TASK_STATE',
        `${task.name} ${task.id} has ${task.state} already; only an unfinished task can be cancelled.`,
        { details: { id: task.id, state: task.state } },
      );
    if (options.dryRun === true) {
      shell.say(`Would cancel ${describe(task)}, and the tasks that it waits for.\n`);
      return exitCode.ok;
    }
    if (options.yes !== true) {
      if (!shell.interactive) {
        shell.say(`This would cancel ${describe(task)}. Say so with --yes (or look with --dry-run).\n`);
        return exitCode.usage;
      }
      if (!(await asked(`Cancel ${describe(task)}? [y/N] `))) {
        shell.say('Nothing was cancelled.\n');
        return exitCode.conflict;
      }
    }
    await tools.cancel(task.id);
    shell.say(`Cancelled ${task.name} ${task.id}.\n`);
    if (options.json === true) {
      const now = await tools.status(task.id);
      if (now !== undefined) await shell.print(`${machineText(now)}\n`);
    }
    return exitCode.ok;
  });

const describe = (task: TaskStatus): string => {
  const kept = progressText(task);
  return `${task.name} ${task.id} (${task.state}${kept === '' ? '' : `, ${kept}`})`;
};

const asked = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
};
