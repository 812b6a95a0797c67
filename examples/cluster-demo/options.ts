/** What is said on the command line of `npm run demo:cluster`. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export type Options = {
  /** Absolute. */
  readonly folder: string;
  /** A node and a server are killed half way. */
  readonly kills: boolean;
  /** The cluster is kept, with its page, until Ctrl-C. */
  readonly stays: boolean;
};

export const help = `Three NATS servers and three nodes on this machine run as one: they take inventory of a source tree together. Half way one
node and one server are killed (kill -9). The result is compared with that of a plain script, byte by byte.

  npm run demo:cluster                     of this project's node_modules
  npm run demo:cluster -- ~/src/project    of another folder

  --no-kill    nothing is killed
  --stay       keep the cluster and its page until Ctrl-C
  --help       this text

Exit code 0: the results are the same; 1: they are not, or the run failed; 2: wrong usage.
`;

/** The options, or a sentence that says what is wrong with the arguments. */
export function readOptions(args: readonly string[], cwd: string): Options | 'help' | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: { kill: { type: 'boolean' }, stay: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help === true) return 'help';
    const [given] = positionals;
    if (positionals.length > 1) return { wrong: `One folder at a time, please: ${positionals.join(', ')}.` };
    const folder =
      given === undefined ? fileURLToPath(new URL('../../node_modules', import.meta.url)) : resolve(cwd, given);
    return { folder, kills: values.kill !== false, stays: values.stay === true };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}
