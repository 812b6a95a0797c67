/** Lines of `npm run bench` as a Markdown table: each figure with its aim and its distance to the floor. */
import { type Aim, aims } from './aims.ts';
import type { BenchLine } from './run-scenario.ts';

/** The last line of each case counts: a file may hold several runs. */
export const resultsTable = (lines: readonly BenchLine[]): string => {
  const rows = aims.flatMap((aim) => {
    const line = lines.findLast((one) => isOf(one, aim));
    return line === undefined ? [] : [row(aim, line)];
  });
  const titles = [
    'scenario',
    'figure',
    'aim',
    'met',
    'floor',
    'of the floor',
    'p50 / p99 ms',
    'RSS MB',
    'CPU s',
    'sync ms',
    "others' cores",
  ];
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
};

const callersOf = (line: BenchLine): unknown => (line['settings'] as { callers?: number } | undefined)?.callers;

const isOf = (line: BenchLine, aim: Aim): boolean => line.name === aim.scenario && callersOf(line) === aim.callers;

const row = (aim: Aim, line: BenchLine): readonly string[] => {
  const value = Number(line[aim.figure]);
  const latencies = line['p50_ms'] == null ? '' : `${line['p50_ms']} / ${line['p99_ms']}`;
  return [
    aim.callers === undefined ? aim.scenario : `${aim.scenario}, ${aim.callers} callers`,
    `**${shown(value)}** ${aim.unit}`,
    `${aim.better === 'more' ? '≥' : '≤'} ${shown(aim.aim)}`,
    met(aim, value),
    aim.floor === undefined ? '' : shown(aim.floor),
    aim.floor === undefined ? '' : `${(value / aim.floor).toFixed(2)} x`,
    latencies,
    shown(Number(line['rss_mb'])),
    shown(Number(line['cpu_s'])),
    shown(Number(line['sync_ms'])),
    line['others_cores'] === undefined ? '' : shown(Number(line['others_cores'])),
  ];
};

const met = ({ aim, better, bound }: Aim, value: number): string => {
  if (bound !== undefined && value < bound) return 'disturbed';
  return (better === 'more' ? value >= aim : value <= aim) ? 'yes' : 'no';
};

const shown = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });
