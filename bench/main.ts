/**
 * `npm run bench`: runs the scenarios and prints one JSON line for each on stdout; progress goes to stderr. Ends with 1 when a
 * run fails or computes something wrong, never because it was slow; with 2 when the command line makes no sense.
 */
import { readOptions } from './src/options.ts';
import { runScenario } from './src/run-scenario.ts';
import { scenarios } from './src/scenarios.ts';

const help = `Usage: npm run bench -- [NAME…] [--runs 3] [--partitions 1] [--executors CORES] [--scale 1] [--data DIR] [--profiles DIR]

  npm run bench                                 all scenarios, three runs each
  npm run bench -- tasks-noop steps             only these
  npm run bench -- tasks-noop --partitions 8
  npm run bench -- steps --runs 1 --profiles p  a CPU profile of each thread in p; see bench/README.md

Scenarios: ${scenarios.map(({ name }) => name).join(', ')}
`;

const registry = import.meta.resolve('./src/scenarios.ts');

const options = (() => {
  try {
    return readOptions(
      process.argv.slice(2),
      scenarios.map(({ name }) => name),
    );
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${help}`);
    return 2;
  }
})();

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

if (options === 2) process.exitCode = 2;
else if (options === undefined) process.stdout.write(help);
else
  for (const scenario of scenarios) {
    if (!options.names.includes(scenario.name)) continue;
    try {
      await runScenario(registry, scenario, options.runs, options.bench, (line) =>
        process.stdout.write(`${JSON.stringify(line)}\n`),
      );
    } catch (error) {
      process.stderr.write(`${scenario.name} failed: ${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  }
