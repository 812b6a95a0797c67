/**
 * Makes the table of RESULTS.md from lines of `npm run bench`:
 *
 *   npm run --silent bench | tee lines.jsonl
 *   npx node bench/results.ts lines.jsonl
 */
import { readFileSync } from 'node:fs';
import { resultsTable } from './src/results-table.ts';
import type { BenchLine } from './src/run-scenario.ts';

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('Usage: npx node bench/results.ts LINES.jsonl\n');
  process.exitCode = 2;
} else {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  process.stdout.write(`${resultsTable(lines.map((line) => JSON.parse(line) as BenchLine))}\n`);
}
