/** How a run that did not come to its end is taken up again: the very command. Pure. */
import type { TaskStatus } from '../protocol/task-view.ts';
import type { NodeSettings } from './run-protocol.ts';
import { commandWords, shellLine } from './shell-words.ts';

export type Resumable = {
  readonly app: string;
  readonly task: string | undefined;
  readonly input: string | undefined;
  readonly key: string | undefined;
  readonly attach: string | undefined;
  readonly settings: Pick<NodeSettings, 'engine'>;
  readonly optionWords: readonly string[];
};

type Environment = Readonly<Record<string, string | undefined>>;

/** A longer input makes no command that one would want to read. */
const inputCharsMax = 200;

const keptNothing = ['Nothing was kept (--engine memory).'];

export const continueAdvice = (
  command: Resumable,
  status: TaskStatus | undefined,
  environment: Environment,
): readonly string[] => {
  if (command.settings.engine === 'memory') return keptNothing;
  if (status === undefined) return [];
  return [`Continue: ${shellLine(sameAgain(command, status, environment))}`];
};

export const retryAdvice = (
  command: Resumable,
  status: TaskStatus | undefined,
  environment: Environment,
): readonly string[] => {
  if (command.settings.engine === 'memory') return keptNothing;
  if (status === undefined) return [];
  return [
    `Run it again, from its last good step: ${shellLine([...sameAgain(command, status, environment), '--retry'])}`,
  ];
};

/** The command that attaches to the same task: by its key if it has one, else by its id. */
const sameAgain = (command: Resumable, status: TaskStatus, environment: Environment): readonly string[] => {
  const begin = [...commandWords(environment), 'run', command.app];
  const { task = status.name, input, key, attach, optionWords } = command;
  const repeatable = input === undefined || (input !== '-' && input.length <= inputCharsMax);
  if (key !== undefined && attach === undefined && repeatable)
    return [...begin, task, ...(input === undefined ? [] : [input]), ...optionWords, '--id', key];
  return [...begin, task, ...optionWords, '--continue', status.id];
};
