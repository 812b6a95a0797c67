/** The command line of `tutti run`. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { LogLevel } from '../node/options.ts';
import {
  dataOption,
  executorsOption,
  hangLimitOption,
  keyText,
  logLevelOption,
  partitionsOption,
  someText,
  withExamples,
} from './command-options.ts';
import { run } from './run.ts';
import type { Shell } from './shell.ts';

type Options = {
  readonly data: string;
  readonly engine: 'embedded' | 'memory';
  readonly executors?: number;
  readonly partitions?: number;
  readonly hangLimit?: number;
  readonly logLevel: LogLevel;
  readonly id?: string;
  readonly continue?: string;
  readonly retry?: boolean;
  readonly json?: boolean;
};

/** Options that another run of the same task needs again, by their long flags. */
const repeated = ['data', 'engine', 'executors', 'partitions', 'hangLimit', 'logLevel', 'json'] as const;

export const addRunCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  const command = withExamples(
    program.command('run'),
    'run one task of an app and print its result',
    'Runs one task of an app: progress on stderr, the result alone on stdout, as JSON.',
    [
      `tutti run app.ts report '"2026-11"'             one JSON value as input`,
      `tutti run app.ts report '"2026-11"' --id nov    the same key again: continues, or gives the stored result`,
      'tutti run app.ts import @orders.json            input from a file',
      'make-orders | tutti run app.ts import -         input from stdin',
      'tutti run app.ts                                lists the tasks of the app',
    ],
  );
  command
    .argument('<app>', "the app's module, a .ts or .js file")
    .argument('[task]', 'the name of the task: that of its export')
    .argument('[json]', 'its input: one JSON value, @file, or - for stdin')
    .addOption(
      new Option(
        '--id <key>',
        'idempotency key: the same key and input is the same task, also after a crash',
      ).argParser(keyText),
    )
    .addOption(
      new Option('--continue <id>', 'go on with a task that is there, by its id or the beginning of it')
        .argParser(someText)
        .conflicts('id'),
    )
    .option('--retry', 'if the task that is there has failed or was cancelled, run it again')
    .addOption(dataOption())
    .addOption(
      new Option('--engine <engine>', 'memory: keep nothing')
        .env('TUTTI_ENGINE')
        .choices(['embedded', 'memory'])
        .default('embedded'),
    )
    .addOption(executorsOption())
    .addOption(partitionsOption())
    .addOption(hangLimitOption())
    .option('--json', 'tell progress as one JSON object a line')
    .addOption(logLevelOption())
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 the task failed, 2 usage or bad input, 3 the data cannot be reached, 4 something else is in the way,
130 and 143 stopped by Ctrl-C or SIGTERM (a second one ends at once). Flags go over TUTTI_… variables.`,
    )
    .action(async (app: string, task: string | undefined, input: string | undefined, options: Options) => {
      exit(
        await run(
          {
            app,
            task,
            input,
            settings: {
              data: resolve(shell.cwd, options.data),
              engine: options.engine,
              executors: options.executors,
              partitions: options.partitions,
              logLevel: options.logLevel,
              hangLimitMs: options.hangLimit,
            },
            key: options.id,
            attach: options.continue,
            retry: options.retry === true,
            json: options.json === true,
            optionWords: wordsAgain(command),
          },
          shell,
        ),
      );
    });
};

/** The options as they were given on the command line; what came from the environment is there the next time too. */
const wordsAgain = (command: Command): readonly string[] =>
  repeated.flatMap((name) => {
    if (command.getOptionValueSource(name) !== 'cli') return [];
    const option = command.options.find((each) => each.attributeName() === name);
    const flag = option?.long ?? '';
    return option?.isBoolean() === true ? [flag] : [flag, String(command.getOptionValue(name))];
  });
