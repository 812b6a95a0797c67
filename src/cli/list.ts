/** `tutti list`: the tasks of a folder. */
import { type Command, Option } from 'commander';
import type { ListFilter } from '../protocol/task-view.ts';
import { type TaskOptions, targetOf, taskOptions, wholeNumber, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { countText } from './progress-text.ts';
import type { Shell } from './shell.ts';
import { withTasks } from './task-access.ts';
import { machineText, taskTable } from './task-view.ts';

const limitDefault = 50;
const limitMost = 10_000;
const states = [
  'unfinished',
  'finished',
  'scheduled',
  'queued',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
] as const;

type Options = TaskOptions & {
  readonly state?: (typeof states)[number];
  readonly task?: string;
  readonly key?: string;
  readonly limit: number;
  readonly all?: boolean;
};

export const addListCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('list'),
      'list the tasks of a node or a data folder',
      'Lists the tasks of a node, or of a data folder, newest first, also while another process runs it.',
      [
        'tutti list',
        'tutti list --state failed --data /srv/shop',
        'tutti list --url http://127.0.0.1:8484',
        "tutti list --json | jq -r 'select(.attempts > 1).id'",
      ],
    ),
  )
    .addOption(new Option('--state <state>', 'only tasks in this state').choices(states))
    .option('--task <name>', 'only tasks of this name')
    .option('--key <key>', 'only the task with this idempotency key')
    .option('--all', 'with tasks that other tasks started')
    .addOption(new Option('--limit <n>', 'at most so many').argParser(wholeNumber(1, limitMost)).default(limitDefault))
    .action(async (options: Options, command: Command) => exit(await list(options, command, shell)));
};

const list = async (options: Options, command: Command, shell: Shell): Promise<number> => {
  const filter: ListFilter = {
    limit: options.limit + 1,
    topLevel: options.all !== true,
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.task === undefined ? {} : { name: options.task }),
    ...(options.key === undefined ? {} : { key: options.key }),
  };
  const found = await withTasks(targetOf(shell.cwd, options, command), (tools) => tools.list(filter));
  const tasks = found.slice(0, options.limit);
  if (options.json === true) {
    for (const task of tasks) await shell.print(`${machineText(task)}\n`);
  } else if (tasks.length === 0) {
    shell.say('No such tasks.\n');
  } else {
    const lines = taskTable(tasks, shell.outStyle, Date.now(), shell.outColumns());
    await shell.print(`${lines.join('\n')}\n`);
  }
  if (found.length > tasks.length)
    shell.say(
      `There are more than these ${countText(tasks.length)}: raise --limit, or choose with --state or --task.\n`,
    );
  return exitCode.ok;
};
