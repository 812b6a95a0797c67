/** `tutti logs`: what a task wrote with `ctx.log`. */
import type { Command } from 'commander';
import type { LogLine } from '../protocol/task-view.ts';
import { type TaskOptions, targetOf, taskOptions, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import type { Shell } from './shell.ts';
import { withTasks } from './task-access.ts';
import { logLineText, machineText } from './task-view.ts';

type Options = TaskOptions & { readonly follow?: boolean };

export const addLogsCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(program.command('logs'), "show a task's log", 'Prints what a task wrote with ctx.log, oldest first.', [
      'tutti logs 3KQ8',
      'tutti logs 3KQ8 --follow --url http://127.0.0.1:8484',
      'tutti logs 3KQ8 --json --data /srv/shop',
    ]),
  )
    .argument('<id>', 'the id of the task, or as much of its beginning as tells it from the others')
    .option('--follow', 'go on with what it writes from now on, until it has ended')
    .action(async (id: string, options: Options, command: Command) => exit(await logs(id, options, command, shell)));
};

const logs = (id: string, options: Options, command: Command, shell: Shell): Promise<number> => {
  const show = (line: LogLine): Promise<void> =>
    shell.print(`${options.json === true ? machineText(line) : logLineText(line, shell.outStyle)}\n`);
  return withTasks(targetOf(shell.cwd, options, command), async (tools, reach) => {
    const task = await findTask(tools, id);
    if (options.follow === true && reach !== 'opened') {
      for await (const event of tools.events(task.id)) if (event.type === 'log') await show(lineOf(event));
      return exitCode.ok;
    }
    const lines = await tools.logs(task.id);
    if (lines.length === 0) shell.say('It has logged nothing.\n');
    for (const line of lines) await show(line);
    if (options.follow === true && task.finishedAt === undefined)
      shell.say('No process runs this folder now: nothing more comes.\n');
    return exitCode.ok;
  });
};

const lineOf = ({ time, level, message, fields, attempt }: LogLine): LogLine => ({
  time,
  level,
  message,
  fields,
  attempt,
});
