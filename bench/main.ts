/** `npm run bench`: what one process does. See `README.md`. */
import { runCommand } from './src/command.ts';
import { scenarios } from './src/scenarios.ts';

await runCommand({
  registry: import.meta.resolve('./src/scenarios.ts'),
  scenarios,
  help: `Usage: npm run bench -- [NAME…] [--runs 3] [--partitions 1] [--executors CORES] [--scale 1] [--data DIR] [--profiles DIR]

  npm run bench                                 all scenarios, three runs each
  npm run bench -- tasks-noop steps             only these
  npm run bench -- tasks-noop --partitions 8
  npm run bench -- steps --runs 1 --profiles p  a CPU profile of each thread in p; see bench/README.md
`,
});
