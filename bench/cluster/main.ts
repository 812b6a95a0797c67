/** `npm run bench:cluster`: what nodes over three NATS servers do, all on this machine. See `../README.md`. */

import { scenarios } from '../src/cluster/scenarios.ts';
import { runCommand } from '../src/command.ts';

await runCommand({
  registry: import.meta.resolve('../src/cluster/scenarios.ts'),
  scenarios,
  help: `Usage: npm run bench:cluster -- [NAME…] [--runs 3] [--partitions 3] [--executors 1] [--scale 1] [--data DIR] [--profiles DIR]

  npm run bench:cluster                                 all scenarios, three runs each
  npm run bench:cluster -- cluster-noop --partitions 12
  npm run bench:cluster -- cluster-steps --scale 0.1    a quick look: a tenth of the work

It needs a NATS server: npm run setup:nats.
`,
  defaults: { partitions: 3, executors: 1 },
});
