#!/usr/bin/env node
/**
 * The `tutti` command. It looks at the Node.js version before it loads anything that an older one could not read, then hands
 * over to `src/cli/main`: TypeScript in the repository, JavaScript in the published package.
 */
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { nodeProblem } from './node-version.js';

const problem = nodeProblem(process.versions.node);
if (problem === undefined) {
  // What it compiles now it need not compile the next time.
  const cacheHome = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(cacheHome, 'tutti', 'compiled'));
  const source = new URL('../src/cli/main.ts', import.meta.url);
  const built = new URL('../src/cli/main.js', import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  const code = await main(process.argv.slice(2));
  if (typeof code === 'number') process.exitCode = code;
} else {
  process.stderr.write(
    `${problem}\nGet it from https://nodejs.org, with a version manager, or into a project with: npm install --save-dev node@24\n`,
  );
  // For the doctor it is a fault that it has found.
  process.exitCode = process.argv[2] === 'doctor' ? 1 : 2;
}
