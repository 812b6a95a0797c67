/** The lines of a stack that lead into the user's code: without Node's own, and without ours. */
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where our own code lies. */
const ownFolder = new URL('../', import.meta.url).href;
const frame = /^\s+at /;

/** Frames of `stack`, one a line, places relative to `cwd` where they lie in it. All of them, ours too, with `all`. */
export const stackLines = (stack: string, cwd: string, all = false): readonly string[] =>
  stack
    .split('\n')
    .filter((line) => frame.test(line))
    .filter((line) => all || !(line.includes(ownFolder) || /\(?node:/.test(line) || /\(<anonymous>\)$/.test(line)))
    .map((line) => line.trim().replace(/file:\/\/[^\s)]+?(?=(:\d+)?(:\d+)?\)?$)/, (url) => shortPath(url, cwd)));

const shortPath = (url: string, cwd: string): string => {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    return url;
  }
  const inside = relative(cwd, path);
  return inside === '' || inside.startsWith(`..${sep}`) ? path : inside;
};
