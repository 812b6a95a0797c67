/** What is said on the command line of `npm start`. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export type Options = {
  /** Absolute. */
  readonly folder: string;
  /** The data folder of the runtime, absolute. */
  readonly data: string;
  readonly executors: number;
  /** Undefined: as the data folder has it. */
  readonly partitions: number | undefined;
  readonly compare: boolean;
  readonly killOne: boolean;
  readonly json: boolean;
  readonly events: boolean;
};

export const help = `Takes inventory of a source tree, in parallel on all cores: languages, licences, largest files, duplicates, words.
Kill it at any moment and start it again: it goes on where it was.

  npm start                        of this project's node_modules
  npm start -- ~/src/project       of another folder
  npm start -- --compare           and runs a plain, single-threaded script on it too: how fast, and is the result the same?
  npm start -- --kill-one          and kills one of its threads half way

  --executors N    threads that read files (default: as many as there are cores, here ${availableParallelism()})
  --data DIR       where the run is recorded (default: a folder of its own for each tree, in .tutti/inventory)
  --partitions N   partitions of a new data folder (default: 1)
  --json           the result as JSON instead of tables
  --events         what happens as one JSON object per line on stderr, instead of a progress bar
  --help           this text

The result goes to stdout, everything else to stderr. Exit code 0: done; 1: failed, or --compare found a difference; 2: no such
folder, wrong usage; 3: the data folder cannot be used; 4: another process holds it; 130, 143: stopped by Ctrl-C, SIGTERM.
`;

/** The options, or a sentence that says what is wrong with the arguments. */
export function readOptions(args: readonly string[], cwd: string): Options | 'help' | { readonly wrong: string } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return { wrong: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help === true) {
    return 'help';
  }
  if (positionals.length > 1) {
    return { wrong: `One folder at a time, please: ${positionals.map((each) => JSON.stringify(each)).join(', ')}.` };
  }
  const [given] = positionals;
  const folder =
    given === undefined ? fileURLToPath(new URL('../../node_modules', import.meta.url)) : resolve(cwd, given);
  const executors = values.executors === undefined ? availableParallelism() : wholeNumber(values.executors);
  const partitions = values.partitions === undefined ? undefined : wholeNumber(values.partitions);
  if (executors === 'none' || partitions === 'none') {
    return { wrong: `--${executors === 'none' ? 'executors' : 'partitions'} takes a whole number from 1.` };
  }
  return {
    folder,
    data: resolve(cwd, values.data ?? join('.tutti/inventory', folderOfItsOwn(folder))),
    executors,
    partitions,
    compare: values.compare === true,
    killOne: values['kill-one'] === true,
    json: values.json === true,
    events: values.events === true,
  };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      compare: { type: 'boolean' },
      'kill-one': { type: 'boolean' },
      executors: { type: 'string' },
      partitions: { type: 'string' },
      data: { type: 'string' },
      json: { type: 'boolean' },
      events: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
    allowPositionals: true,
  });

const wholeNumber = (text: string): number | 'none' => (/^[1-9]\d{0,3}$/.test(text) ? Number(text) : 'none');

/** So that two trees can be worked on at once, and one left unfinished takes no time from another. */
const folderOfItsOwn = (folder: string): string => {
  const name = basename(folder)
    .replace(/[^\w.-]/g, '_')
    .slice(0, 40);
  return `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;
};
