/** `tutti start`, and `tutti run` on a node: tasks of an app that runs elsewhere. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { RemoteClient, StartOptions } from '../client/client.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import type { LogLevel } from '../node/options.ts';
import { collectPages } from '../node/task-pages.ts';
import { nodeEnv } from '../platform/node.ts';
import type { TaskStatus } from '../protocol/task-view.ts';
import { decodeValue } from '../values/codec.ts';
import { durationText, keyText, tokenOption, urlOption, withExamples } from './command-options.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { readInput } from './json-input.ts';
import { didYouMean } from './near-names.ts';
import { reporterOf } from './reporter-of.ts';
import type { Shell } from './shell.ts';
import { withNode } from './task-access.ts';
import { machineText } from './task-view.ts';
import { watchTask } from './watch-task.ts';

type Options = {
  readonly url?: string;
  readonly token?: string;
  readonly id?: string;
  readonly delay?: number;
  readonly json?: boolean;
};

export const addStartCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  withExamples(
    program.command('start'),
    'start a task on a node and print its id',
    'Starts a task on a node (tutti dev, tutti serve) and prints its id, once that is durable.',
    [
      `tutti start report '"2026-11"' --url http://127.0.0.1:8484`,
      `TUTTI_URL=https://shop.example tutti start report '"2026-11"' --id nov`,
    ],
  )
    .argument('<task>', 'the name of the task: that of its export')
    .argument('[json]', 'its input: one JSON value, @file, or - for stdin')
    .addOption(urlOption())
    .addOption(tokenOption('the token that the node asks for'))
    .addOption(new Option('--id <key>', 'idempotency key: the same key and input is the same task').argParser(keyText))
    .addOption(new Option('--delay <duration>', 'how long to wait before it runs').argParser(durationText))
    .option('--json', 'print JSON, for programs')
    .action(async (task: string, input: string | undefined, options: Options) =>
      exit(await start(task, input, options, shell)),
    );
};

const start = async (task: string, input: string | undefined, options: Options, shell: Shell): Promise<number> => {
  const { url, token, id: key, delay } = options;
  if (url === undefined)
    throw new TuttiError(
      'OPTION_INVALID',
      `Name the node on which to start it: --url http://127.0.0.1:8484, or TUTTI_URL. Without a node: tutti run app.ts ${task}`,
      { details: { option: 'url' } },
    );
  const value = await inputOf(input, shell);
  const settings = { ...(key === undefined ? {} : { key }), ...(delay === undefined ? {} : { delay }) };
  return withNode({ kind: 'node', url, token }, async (client) => {
    const id = await startOn(client, task, value, settings);
    const status = options.json === true ? await client.status(id) : undefined;
    await shell.print(`${status === undefined ? id : machineText(status)}\n`);
    return exitCode.ok;
  });
};

export type RunOnNode = {
  readonly url: string;
  readonly token: string | undefined;
  readonly task: string;
  readonly input: string | undefined;
  readonly key: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
  readonly logLevel: LogLevel;
};

/** Starts a task on a node, shows it until it has ended, and prints its result. */
export const runOnNode = async (run: RunOnNode, shell: Shell): Promise<number> => {
  const { url, token, task, key, json, logLevel, timeoutMs } = run;
  const { clock } = nodeEnv();
  const reporter = reporterOf(json, logLevel, shell);
  const value = await inputOf(run.input, shell);
  return withNode({ kind: 'node', url, token }, async (client) => {
    const before = await newestOf(client, task, key);
    const id = await startOn(client, task, value, key === undefined ? {} : { key });
    const status = await client.status(id);
    if (status === undefined) throw new TuttiError('TASK_NOT_FOUND', `There is no task ${id}.`, { details: { id } });
    const found = before?.id === id;
    reporter.tell({ type: 'started', status, found, over: found && before.finishedAt !== undefined, again: false });
    return await watchTask({
      tools: { events: (of, options) => client.follow(of, options) },
      status: found ? before : { ...status, finishedAt: undefined },
      fromLog: 0,
      timeoutMs,
      reporter,
      shell,
      clock,
      targetWords: ['--url', url],
    });
  })
    .catch((error: unknown) => {
      reporter.tell({ type: 'failed', error, advice: [] });
      return exitCodeOf(error);
    })
    .finally(() => reporter.end());
};

/** The task that a key attaches to. */
const newestOf = async (
  client: RemoteClient,
  name: string,
  key: string | undefined,
): Promise<TaskStatus | undefined> =>
  key === undefined ? undefined : (await collectPages((page) => client.list(page), { name, key, limit: 1 }))[0];

const inputOf = async (input: string | undefined, shell: Shell): Promise<unknown> => {
  const text = await readInput(input, {
    readFile: (path) => readFile(resolve(shell.cwd, path), 'utf8'),
    readStdin: shell.readStdin,
  });
  return text === undefined ? undefined : decodeValue(text, 'input');
};

/** Starts a task by its name; its id. Names that are near are told where the app has none of that name. */
const startOn = async (client: RemoteClient, name: string, input: unknown, options: StartOptions): Promise<string> => {
  try {
    // Of an app whose type is not known every name may be one.
    return (await client.tasks[name]!.start(input, options)).id;
  } catch (error) {
    if (!isTuttiError(error) || error.code !== 'TASK_UNKNOWN') throw error;
    // A node says what there is, in its cluster too.
    const { names } = error.details;
    const known = Array.isArray(names) ? names.filter((each) => typeof each === 'string') : [];
    throw new TuttiError('TASK_UNKNOWN', `${error.message}${didYouMean(name, known)}`, {
      details: { task: name, names: known },
    });
  }
};
