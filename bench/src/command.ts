/**
 * What the commands of the benchmarks have in common: runs the scenarios of a registry and prints one JSON line for each on stdout;
 * progress goes to stderr. Ends with 1 when a run fails or computes something wrong, never because it was slow; with 2 when the
 * command line makes no sense.
 */
import { type OptionDefaults, readOptions } from './options.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';

export type BenchCommand = {
  /** The module that exports `scenarios`. */
  readonly registry: string;
  readonly scenarios: readonly Scenario[];
  /** What it says of itself when it is asked, above the names of its scenarios. */
  readonly help: string;
  readonly defaults?: OptionDefaults;
};

export const runCommand = async ({ registry, scenarios, help, defaults }: BenchCommand): Promise<void> => {
  const names = scenarios.map(({ name }) => name);
  const usage = `${help}\nScenarios: ${names.join(', ')}\n`;
  const options = (() => {
    try {
      return readOptions(process.argv.slice(2), names, defaults);
    } catch (error) {
      process.stderr.write(`${(error as Error).message}\n\n${usage}`);
      return 2;
    }
  })();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  if (options === 2) process.exitCode = 2;
  else if (options === undefined) process.stdout.write(usage);
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
};
