/** The command line of `tutti run`. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import type { LogLevel } from '../node/options.ts';
import {
  dataOption,
  executorsOption,
  hangLimitOption,
  keyText,
  logLevelOption,
  partitionsOption,
  slotsOption,
  someText,
  timeoutOption,
  tokenOption,
  urlOption,
  withExamples,
} from './command-options.ts';
import { run } from './run.ts';
import type { Shell } from './shell.ts';
import { runOnNode } from './start.ts';

type Options = {
  readonly data: string;
  readonly engine: 'embedded' | 'memory';
  readonly executors?: number;
  readonly slots?: number;
  readonly partitions?: number;
  readonly hangLimit?: number;
  readonly logLevel: LogLevel;
  readonly id?: string;
  readonly url?: string;
  readonly token?: string;
  readonly timeout?: number;
  readonly continue?: string;
  readonly retry?: boolean;
  readonly json?: boolean;
};

/** Options that are about a node of one's own. */
const ownNode = ['data', 'engine', 'executors', 'slots', 'partitions', 'hangLimit', 'continue', 'retry'] as const;

/** Options that another run of the same task needs again, by their long flags. */
const repeated = ['data', 'engine', 'executors', 'slots', 'partitions', 'hangLimit', 'logLevel', 'json'] as const;

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
      `tutti run report '"2026-11"' --url http://127.0.0.1:8484    on a node that runs already`,
    ],
  );
  command
    .argument('<app>', "the app's module, a .ts or .js file; on a node (--url) it is left out")
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
    .addOption(urlOption())
    .addOption(tokenOption('the token that the node asks for'))
    .addOption(timeoutOption())
    .option('--retry', 'if the task that is there has failed or was cancelled, run it again')
    .addOption(dataOption())
    .addOption(
      new Option('--engine <engine>', 'memory: keep nothing')
        .env('TUTTI_ENGINE')
        .choices(['embedded', 'memory'])
        .default('embedded'),
    )
    .addOption(executorsOption())
    .addOption(slotsOption())
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
      const url = urlOf(command, app, input, options);
      if (url !== undefined) {
        const { token, timeout: timeoutMs, id: key, logLevel } = options;
        const json = options.json === true;
        exit(await runOnNode({ url, token, task: app, input: task, key, timeoutMs, json, logLevel }, shell));
        return;
      }
      if (options.timeout !== undefined)
        throw invalid('timeout', '--timeout goes with --url. What a task may take stands with it: task({ timeout }).');
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
              slots: options.slots,
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

/** The node to run it on; undefined: one of its own, in this folder. Throws `OPTION_INVALID` for what does not go together. */
const urlOf = (command: Command, first: string, third: string | undefined, { url }: Options): string | undefined => {
  if (url === undefined) return undefined;
  const namesModule = /\.[cm]?[jt]s$/.test(first);
  if (command.getOptionValueSource('url') !== 'cli')
    return namesModule || command.getOptionValueSource('data') === 'cli' ? undefined : url;
  if (namesModule || third !== undefined)
    throw invalid('url', `With --url the app is the node's: name the task first, not ${first}.`);
  const own = ownNode.find((name) => command.getOptionValueSource(name) === 'cli');
  if (own !== undefined) {
    const flag = command.options.find((each) => each.attributeName() === own)?.long ?? own;
    throw invalid(own, `${flag} is of no use with --url${own === 'continue' ? ': see tutti follow' : ''}.`);
  }
  return url;
};

const invalid = (option: string, message: string): TuttiError =>
  new TuttiError('OPTION_INVALID', message, { details: { option } });

/** The options as they were given on the command line; what came from the environment is there the next time too. */
const wordsAgain = (command: Command): readonly string[] =>
  repeated.flatMap((name) => {
    if (command.getOptionValueSource(name) !== 'cli') return [];
    const option = command.options.find((each) => each.attributeName() === name);
    const flag = option?.long ?? '';
    return option?.isBoolean() === true ? [flag] : [flag, String(command.getOptionValue(name))];
  });
