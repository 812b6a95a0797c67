/**
 * What may stand next on a command line, for the shells' completion (`completion.ts`): commands, options and their values, ids of
 * tasks that are there, names of the tasks that a node's app has. Nothing where file names are meant.
 */
import { resolve } from 'node:path';
import type { Command, Option } from 'commander';
import type { ListFilter, TaskStatus } from '../protocol/task-view.ts';
import { formatDuration } from '../values/duration.ts';
import { oneLine } from './display-width.ts';
import { exitCode } from './exit-code.ts';
import type { Shell } from './shell.ts';
import { type Target, withNode, withTasks } from './task-access.ts';

/** `about`: what it is, in a few words. */
export type Candidate = { readonly value: string; readonly about: string };

/** A line, taken apart. */
type Line = {
  /** The option that waits for its value. */
  readonly open: Option | undefined;
  /** Words that belong to no option, without the command's name. */
  readonly positions: readonly string[];
  /** Options by their names, with their values where they have one. */
  readonly options: ReadonlyMap<string, string>;
};

const idsMax = 50;
/** Nobody waits longer for a list. */
const patienceMs = 2_000;

/** Which tasks a command is for. */
const wanted: Readonly<Record<string, readonly NonNullable<ListFilter['state']>[]>> = {
  cancel: ['unfinished'],
  retry: ['failed', 'cancelled'],
};

export const addCompleteCommand = (program: Command, shell: Shell, exit: (code: number) => void): void => {
  program
    .command('complete', { hidden: true })
    .argument('[words...]', 'the words of the line behind `tutti`, the last one as far as it is written')
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const found = await candidates(program, words, shell);
      for (const { value, about } of found) await shell.print(`${value}\t${about}\n`);
      exit(exitCode.ok);
    });
};

export const candidates = async (
  program: Command,
  words: readonly string[],
  shell: Shell,
): Promise<readonly Candidate[]> => {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const beginning = ({ value }: Candidate): boolean => value.toLowerCase().startsWith(current.toLowerCase());
  const named = before.findIndex((word) => !word.startsWith('-'));
  const all = program.createHelp().visibleCommands(program);
  const commands = all.map((each) => ({ value: each.name(), about: each.summary() || each.description() }));
  if (named < 0) return (current.startsWith('-') ? optionsOf(program, new Map()) : commands).filter(beginning);
  const command = all.find((each) => each.name() === before[named]);
  if (command === undefined) return [];
  const line = lineOf(command, before.slice(named + 1));
  if (line.open !== undefined)
    return (line.open.argChoices ?? []).map((value) => ({ value, about: '' })).filter(beginning);
  if (current.startsWith('-')) return optionsOf(command, line.options).filter(beginning);
  if (command.name() === 'help') return commands.filter(beginning);
  return (await valuesOf(command, line, current, shell)).filter(beginning);
};

const lineOf = (command: Command, words: readonly string[]): Line => {
  const options = new Map<string, string>();
  const positions: string[] = [];
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      options.set(open.attributeName(), word);
      open = undefined;
      continue;
    }
    const [flag = '', value] = word.split(/=(.*)/s, 2);
    const option = command.options.find(({ long, short }) => flag === long || flag === short);
    if (option === undefined) positions.push(word);
    else if (option.required && value === undefined) open = option;
    else options.set(option.attributeName(), value ?? '');
  }
  return { open, positions, options };
};

const optionsOf = (command: Command, given: ReadonlyMap<string, string>): readonly Candidate[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !given.has(option.attributeName()) || option.attributeName() === 'allowOrigin')
    .map((option) => ({ value: option.long ?? option.short ?? '', about: option.description }));

const valuesOf = async (command: Command, line: Line, current: string, shell: Shell): Promise<readonly Candidate[]> => {
  const argument = command.registeredArguments[line.positions.length];
  const choices = argument?.argChoices;
  if (choices !== undefined) return choices.map((value) => ({ value, about: '' }));
  const target = targetOf(line, shell);
  try {
    if (argument?.name() === 'id') return await inTime(idsOf(target, command.name(), current));
    const onNode = argument?.name() === 'task' ? command.name() === 'start' : command.name() === 'run';
    if (onNode && target.kind === 'node' && line.positions.length === 0) return await inTime(tasksOf(target));
  } catch {
    // There is nothing to offer; the command itself will say why.
  }
  return [];
};

const targetOf = ({ options }: Line, { cwd, environment }: Shell): Target => {
  const data = options.get('data');
  const url = options.get('url') ?? (data === undefined ? environment['TUTTI_URL'] : undefined);
  if (url !== undefined) return { kind: 'node', url, token: options.get('token') ?? environment['TUTTI_TOKEN'] };
  return { kind: 'folder', folder: resolve(cwd, data ?? environment['TUTTI_DATA'] ?? '.tutti'), logLevel: 'fatal' };
};

const idsOf = async (target: Target, command: string, beginning: string): Promise<readonly Candidate[]> => {
  const prefix = beginning.toUpperCase();
  const filter: ListFilter = { limit: idsMax, ...(prefix === '' ? {} : { idPrefix: prefix }) };
  const filters = wanted[command]?.map((state) => ({ ...filter, state })) ?? [filter];
  const lists = await withTasks(target, (tools) => Promise.all(filters.map((each) => tools.list(each))));
  return lists.flat().map((task) => ({ value: task.id, about: aboutTask(task) }));
};

const aboutTask = ({ name, state, key, createdAt }: TaskStatus): string =>
  oneLine(
    `${name} ${state}${key === undefined ? '' : ` ${key}`}, ${formatDuration(Math.max(0, Date.now() - createdAt.getTime()))} old`,
  );

const tasksOf = (target: Extract<Target, { kind: 'node' }>): Promise<readonly Candidate[]> =>
  withNode(target, async (client) => {
    const { tasks } = await client.app();
    return tasks.map(({ name }) => ({ value: name, about: 'task' }));
  });

const inTime = async (list: Promise<readonly Candidate[]>): Promise<readonly Candidate[]> => {
  const limit = Promise.withResolvers<readonly Candidate[]>();
  const timer = setTimeout(() => limit.resolve([]), patienceMs);
  return Promise.race([list, limit.promise]).finally(() => clearTimeout(timer));
};
