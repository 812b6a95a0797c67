/** Where lanes and the things that last lie, from top to bottom. */
import type { PageSpan } from '../page-data.ts';
import type { Model } from './model.ts';

export type Bar = { readonly span: PageSpan; readonly y: number; readonly height: number };

export type Lane = {
  readonly name: string;
  readonly y: number;
  readonly height: number;
  /** Where messages begin and end, and events stand. */
  readonly lineY: number;
  readonly bars: readonly Bar[];
  /** Faults that strike here. */
  readonly bands: readonly PageSpan[];
  /** Of a node: when it lived. Others live always. */
  readonly lives: readonly PageSpan[] | undefined;
};

const barHeight = 14;
/** Of bars that lie in several rows and are many: without names. */
const thinHeight = 4;
const barGap = 1;
const lineHeight = 18;
const rowsMax = 3;

export const layoutOf = ({ run }: Model): readonly Lane[] => {
  const lanes: Lane[] = [];
  let y = 0;
  for (const [number, name] of run.lanes.entries()) {
    const here = run.spans.filter(({ lanes: of }) => of.includes(number));
    const lives = here.filter(({ kind }) => kind === 'life');
    // The world's lane names every fault; where it strikes it is a band.
    const lasting = name === 'world' ? run.spans.filter(({ kind }) => kind === 'fault') : here;
    const rows = rowsOf(lasting.filter(({ kind }) => kind !== 'life' && (kind !== 'fault' || name === 'world')));
    const bar = rows.length > 1 && rows[0]?.[0]?.kind === 'call' ? thinHeight : barHeight;
    const barsHeight = rows.length * (bar + barGap) + (rows.length > 0 ? 3 : 0);
    const height = barsHeight + lineHeight;
    lanes.push({
      name,
      y,
      height,
      lineY: y + barsHeight + lineHeight / 2,
      bars: rows.flatMap((row, at) => row.map((span) => ({ span, y: y + 3 + at * (bar + barGap), height: bar }))),
      bands: here.filter(({ kind }) => kind === 'fault'),
      lives: lives.length > 0 ? lives : undefined,
    });
    y += height;
  }
  return lanes;
};

/** Leaderships lie in a row for each partition, the rest in as few rows as it takes, but not in more than there is room for. */
const rowsOf = (spans: readonly PageSpan[]): readonly (readonly PageSpan[])[] => {
  const byPartition = new Map<number, PageSpan[]>();
  const packed: PageSpan[][] = [];
  for (const span of [...spans].sort((a, b) => a.fromUs - b.fromUs)) {
    if (span.kind === 'leads') {
      const row = byPartition.get(span.partitions);
      if (row === undefined) byPartition.set(span.partitions, [span]);
      else row.push(span);
      continue;
    }
    const free = packed.find((row) => (row.at(-1)?.untilUs ?? 0) <= span.fromUs);
    if (free !== undefined) free.push(span);
    else if (packed.length < rowsMax) packed.push([span]);
    else packed.reduce((a, b) => ((a.at(-1)?.untilUs ?? 0) <= (b.at(-1)?.untilUs ?? 0) ? a : b)).push(span);
  }
  return [...[...byPartition].sort(([a], [b]) => a - b).map(([, row]) => row), ...packed];
};
