/** Tutti against a peer, in figures. */
import type { BenchLine } from '../src/run-scenario.ts';

/**
 * How many times better Tutti did, above 1 is better: by rate; by median latency where one waits for the next; by the ratio to
 * bare threads of the same run for `fan-out`, so that what else the machine did meanwhile is left out.
 */
export const comparison = (ours: BenchLine, theirs: BenchLine): number => {
  const smallerIsBetter = figures[ours.name];
  const [a, b] = [ours, theirs].map((line) => Number(line[smallerIsBetter ?? 'per_s'])) as [number, number];
  return Number((smallerIsBetter === undefined ? a / b : b / a).toPrecision(3));
};

const figures: Readonly<Record<string, string>> = { 'task-latency': 'p50_ms', 'fan-out': 'ratio' };

const cell = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'number' ? value.toLocaleString('en') : String(value);

/** A Markdown table of all lines. */
export const peerTable = (lines: readonly BenchLine[]): string => {
  const columns = ['name', 'system', 'n', 'per_s', 'p50_ms', 'p99_ms', 'ratio', 'tutti_ratio'];
  const titles = ['scenario', 'system', 'n', 'per s', 'p50 ms', 'p99 ms', 'x bare threads', 'Tutti is better by'];
  return [titles, titles.map(() => '---'), ...lines.map((line) => columns.map((column) => cell(line[column])))]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
};
