/** Options that several commands share, and how their values are read. */
import { relative, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import { type LogLevel, logLevels } from '../node/options.ts';
import { durationMs } from '../values/duration.ts';
import type { Target } from './task-access.ts';

export const dataOption = (): Option =>
  new Option('--data <dir>', 'the data folder').env('TUTTI_DATA').default('.tutti').argParser(someText);

export const logLevelOption = (level: LogLevel = 'warn'): Option =>
  new Option('--log-level <level>', 'how much the node says on stderr')
    .env('TUTTI_LOG_LEVEL')
    .choices(logLevels)
    .default(level);

const executorsMax = 1_024;

export const hostOption = (): Option =>
  new Option('--host <address>', 'the address to listen on').env('TUTTI_HOST').default('127.0.0.1').argParser(someText);

export const portOption = (): Option =>
  new Option('--port <n>', 'the port to listen on')
    .env('TUTTI_PORT')
    .default(limits.gatewayPortDefault)
    .argParser(wholeNumber(0, 65_535));

export const executorsOption = (): Option =>
  new Option('--executors <n>', 'threads that run tasks (default: as many as cores)')
    .env('TUTTI_EXECUTORS')
    .argParser(wholeNumber(1, executorsMax));

export const slotsOption = (): Option =>
  new Option('--slots <n>', 'tasks that one thread runs side by side while they wait (default: 8)')
    .env('TUTTI_SLOTS')
    .argParser(wholeNumber(1, limits.slotsMax));

export const partitionsOption = (): Option =>
  new Option('--partitions <n>', 'partitions of a new data folder (default: 1)')
    .env('TUTTI_PARTITIONS')
    .argParser(wholeNumber(1, limits.partitionsMax));

export const hangLimitOption = (): Option =>
  new Option('--hang-limit <duration>', 'end a thread that does not answer for so long (default: never)')
    .env('TUTTI_HANG_LIMIT')
    .argParser(durationText);

export const tokenOption = (what: string): Option =>
  new Option('--token <token>', `${what} (better in TUTTI_TOKEN: other users see command lines)`)
    .env('TUTTI_TOKEN')
    .argParser(someText);

export const urlOption = (): Option =>
  new Option('--url <url>', 'a node, such as http://127.0.0.1:8484').env('TUTTI_URL').argParser(someText);

export const timeoutOption = (): Option =>
  new Option('--timeout <duration>', 'wait no longer than that (default: as long as it takes)').argParser(durationText);

/** Options of commands on what is there, as commander gives them. */
export type NodeOptions = {
  readonly data: string;
  readonly url?: string;
  readonly token?: string;
  readonly logLevel: LogLevel;
};

export type TaskOptions = NodeOptions & { readonly json?: boolean };

export const nodeOptions = (command: Command): Command =>
  command
    .addOption(urlOption())
    .addOption(tokenOption('the token that the node asks for'))
    .addOption(dataOption())
    .addOption(logLevelOption());

export const taskOptions = (command: Command): Command =>
  nodeOptions(command).option('--json', 'print JSON, for programs');

/** Whose tasks are meant. A folder that was named goes over a node that the environment names. Throws `OPTION_INVALID`. */
export const targetOf = (cwd: string, { url, token, data, logLevel }: NodeOptions, command: Command): Target => {
  const dataNamed = command.getOptionValueSource('data') === 'cli';
  if (url !== undefined && dataNamed && command.getOptionValueSource('url') === 'cli')
    throw new TuttiError('OPTION_INVALID', 'Name a node (--url) or a folder (--data), not both.', {
      details: { option: 'url' },
    });
  return url === undefined || dataNamed
    ? { kind: 'folder', folder: resolve(cwd, data), logLevel }
    : { kind: 'node', url, token };
};

/** What names the same tasks again, as words. */
export const targetWords = (target: Target, cwd: string): readonly string[] => {
  if (target.kind === 'node') return ['--url', target.url];
  const data = relative(cwd, target.folder) || '.';
  return data === '.tutti' ? [] : ['--data', data.startsWith('..') ? target.folder : data];
};

export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`It is a whole number from ${least} to ${most}.`);
    return value;
  };

export const durationText = (text: string): number => {
  try {
    return durationMs(/^\d+$/.test(text) ? Number(text) : text, 'it');
  } catch {
    throw new InvalidArgumentError("It is a duration, such as '30 s' or '5 min'.");
  }
};

export const someText = (text: string): string => {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
};

export const keyText = (text: string): string => {
  if (Buffer.byteLength(someText(text)) > limits.idempotencyKeyBytesMax)
    throw new InvalidArgumentError(`It is text of 1 to ${limits.idempotencyKeyBytesMax} bytes.`);
  return text;
};

/** Help that begins with what one came for: what the command does, and examples. */
export const withExamples = (command: Command, summary: string, about: string, examples: readonly string[]): Command =>
  command
    .summary(summary)
    .addHelpText('before', `${about}\n\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}\n`)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError(`Help: ${[...parents(command), command.name()].join(' ')} --help`);

const parents = (command: Command): readonly string[] => (command.parent === null ? [] : [command.parent.name()]);
