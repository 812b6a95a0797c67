/** `tutti follow`: shows a task while it runs, and its result. */
import type { Command } from 'commander';
import { nodeEnv } from '../platform/node.ts';
import {
  type TaskOptions,
  targetOf,
  targetWords,
  taskOptions,
  timeoutOption,
  withExamples,
} from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import { reporterOf } from './reporter-of.ts';
import type { Shell } from './shell.ts';
import { commandWords, shellLine } from './shell-words.ts';
import { withTasks } from './task-access.ts';
import { machineText } from './task-view.ts';
import { watchTask } from './watch-task.ts';

type Options = TaskOptions & { readonly timeout?: number };

export const addFollowCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('follow'),
      'show a task while it runs, and its result',
      'Shows what a task logs and how far it is, up to its end; then prints its result. With --json: its events, one a line.',
      ['tutti follow 3KQ8', 'tutti follow 3KQ8 --url http://127.0.0.1:8484 --timeout 30s'],
    ),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .addOption(timeoutOption())
    .action(async (id: string, options: Options, command: Command) => exit(await follow(id, options, command, shell)));
};

const follow = (id: string, options: Options, command: Command, shell: Shell): Promise<number> => {
  const target = targetOf(shell.cwd, options, command);
  return withTasks(target, async (tools, reach) => {
    const status = await findTask(tools, id);
    if (reach === 'opened' && status.finishedAt === undefined) {
      const words = [
        ...commandWords(shell.environment),
        'run',
        'app.ts',
        status.name,
        ...targetWords(target, shell.cwd),
      ];
      shell.say(
        `${status.name} ${status.id} is ${status.state}, and no process runs this folder now. It goes on with: ${shellLine([...words, '--continue', status.id])}\n`,
      );
      return exitCode.conflict;
    }
    const reporter = reporterOf(false, options.logLevel, shell);
    return watchTask({
      tools,
      status,
      fromLog: 0,
      timeoutMs: options.timeout,
      reporter,
      shell,
      clock: nodeEnv().clock,
      targetWords: targetWords(target, shell.cwd),
      ...(options.json === true ? { take: (event) => shell.print(`${machineText(event)}\n`) } : {}),
    }).finally(() => reporter.end());
  });
};
