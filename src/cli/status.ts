/** `tutti status`: how a node and its cluster do, or what can be seen of one task. */
import type { Command } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Overview } from '../protocol/overview.ts';
import { type TaskOptions, targetOf, taskOptions, withExamples } from './command-options.ts';
import { exitCode } from './exit-code.ts';
import { findTask } from './find-task.ts';
import { withOverviews } from './overview-access.ts';
import { changeLines } from './overview-changes.ts';
import { overviewLines } from './overview-text.ts';
import type { Shell } from './shell.ts';
import { untilStopped } from './signals.ts';
import { withTasks } from './task-access.ts';
import { machineText, taskFields } from './task-view.ts';

type Options = TaskOptions & { readonly watch?: boolean };

export const addStatusCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  taskOptions(
    withExamples(
      program.command('status'),
      'show how a node and its cluster do, or one task',
      "Shows a node and its cluster: nodes, who leads and follows each partition, queues, the engine, what is wrong. With a task's id: its state, how far it is, and its error if it failed.",
      [
        'tutti status',
        'tutti status --watch --url http://127.0.0.1:8484',
        'tutti status 3KQ8',
        'tutti status 3KQ8 --json --data /srv/shop',
      ],
    ),
  )
    .argument('[id]', 'the id of the task, or as much of its beginning as tells it from the others')
    .option('--watch', 'go on showing it as it changes; where stdout is no terminal, a line for each change')
    .action(async (id: string | undefined, options: Options, command: Command) =>
      exit(await (id === undefined ? nodeStatus(options, command, shell) : taskStatus(id, options, command, shell))),
    );
};

const taskStatus = async (id: string, options: Options, command: Command, shell: Shell): Promise<number> => {
  if (options.watch === true)
    throw new TuttiError('OPTION_INVALID', `--watch is for a node; a task is followed with: tutti follow ${id}`, {
      details: { option: 'watch' },
    });
  const task = await withTasks(targetOf(shell.cwd, options, command), (tools) => findTask(tools, id));
  const text =
    options.json === true ? machineText(task) : taskFields(task, shell.outStyle, Date.now(), shell.cwd).join('\n');
  await shell.print(`${text}\n`);
  return exitCode.ok;
};

const nodeStatus = (options: Options, command: Command, shell: Shell): Promise<number> =>
  withOverviews(targetOf(shell.cwd, options, command), async (tools) => {
    if (options.watch !== true) {
      await shell.print(options.json === true ? lineOf(await tools.overview()) : textOf(await tools.overview(), shell));
      return exitCode.ok;
    }
    return untilStopped(async (signal) => {
      let before: Overview | undefined;
      for await (const overview of tools.overviews(signal)) {
        if (signal.aborted) break;
        if (options.json === true) await shell.print(lineOf(overview));
        else if (shell.outRows() === undefined)
          for (const line of changeLines(before, overview)) await shell.print(`${line}\n`);
        else await shell.print(screenOf(overview, shell));
        before = overview;
      }
    });
  });

/** Without what charts are made of. */
const lineOf = ({ history: _, ...overview }: Overview): string => `${machineText(overview)}\n`;

const textOf = (overview: Overview, shell: Shell): string =>
  `${overviewLines(overview, shell.outStyle, shell.outColumns()).join('\n')}\n`;

/** Over what stood there before. */
const screenOf = (overview: Overview, shell: Shell): string => {
  const lines = overviewLines(overview, shell.outStyle, shell.outColumns());
  const fitting = lines.slice(0, (shell.outRows() ?? lines.length) - 1);
  return `\u001b[H${fitting.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`;
};
