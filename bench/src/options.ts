/** The flags that `npm run bench` and `npm run bench:peers` share. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBytesPerMs } from './hash-work.ts';
import type { BenchSettings } from './run-scenario.ts';

export type BenchOptions = { readonly names: readonly string[]; readonly runs: number; readonly bench: BenchSettings };

export type OptionDefaults = { readonly partitions: number; readonly executors: number };

const onOneNode: OptionDefaults = { partitions: 1, executors: availableParallelism() };

/** Reads the command line; `undefined` when help was asked for. Throws with a sentence when something makes no sense. */
export const readOptions = (
  args: readonly string[],
  known: readonly string[],
  { partitions, executors }: OptionDefaults = onOneNode,
): BenchOptions | undefined => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '3' },
      partitions: { type: 'string', default: String(partitions) },
      executors: { type: 'string', default: String(executors) },
      scale: { type: 'string', default: '1' },
      data: { type: 'string' },
      profiles: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const stranger = positionals.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Error(`There is no scenario "${stranger}": there are ${known.join(', ')}.`);
  return {
    names: positionals.length === 0 ? known : known.filter((name) => positionals.includes(name)),
    runs: whole(values.runs, '--runs'),
    bench: {
      partitions: whole(values.partitions, '--partitions'),
      executors: whole(values.executors, '--executors'),
      scale: positive(values.scale, '--scale'),
      bytesPerMs: measureBytesPerMs(),
      data: values.data,
      profiles: values.profiles,
    },
  };
};

const positive = (text: string, flag: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`${flag} takes a number above 0, not "${text}".`);
  return value;
};

const whole = (text: string, flag: string): number => {
  const value = positive(text, flag);
  if (!Number.isInteger(value)) throw new Error(`${flag} takes a whole number, not "${text}".`);
  return value;
};
