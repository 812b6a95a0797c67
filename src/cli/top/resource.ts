/** What `tutti top` can list, and the rows of each: cells, and what a row is known by. Pure. */
import { faultText, moveText } from '../../protocol/cluster-words.ts';
import { percentileMs } from '../../protocol/histogram.ts';
import type { FunctionOverview, Overview } from '../../protocol/overview.ts';
import type { TaskStatus } from '../../protocol/task-view.ts';
import { formatDuration } from '../../values/duration.ts';
import { memberColumns, ownPartitionColumns, partitionColumns } from '../overview-text.ts';
import { countText } from '../progress-text.ts';
import { plainStyle, type Style } from '../style.ts';
import { type Column, renderTable } from '../table.ts';
import { taskColumns } from '../task-view.ts';

export const resources = ['nodes', 'partitions', 'functions', 'tasks', 'moves', 'faults'] as const;
export type Resource = (typeof resources)[number];

/** What there is to show. */
export type Seen = { readonly overview: Overview; readonly tasks: readonly TaskStatus[] | undefined };

/** Rows of one kind, with how they are shown; `under` is where one comes from a row by Enter, with that as the filter. */
export type Listing = {
  readonly rows: readonly { readonly id: string; readonly text: string }[];
  readonly render: (style: Style, widthMax: number) => Lines;
  readonly under: Resource | undefined;
};

/** The line of titles, and one for each row. */
export type Lines = { readonly title: string; readonly rows: readonly string[] };

type Kind<Row> = {
  readonly rows: readonly Row[];
  readonly columns: (style: Style) => readonly Column<Row>[];
  readonly id: (row: Row) => string;
  readonly under?: Resource;
};

/** The rows of a resource in which all words of `filter` occur, in any case; '': all. */
export const listingOf = (resource: Resource, seen: Seen, filter: string): Listing => {
  const words = filter
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const listing = <Row>({ rows, columns, id, under }: Kind<Row>): Listing => {
    const own = columns(plainStyle);
    const texts = rows.map((row) => own.map((column) => column.text(row)).join(' '));
    const kept = rows.flatMap((row, at) => {
      const text = texts[at] ?? '';
      return words.every((word) => text.toLowerCase().includes(word)) ? [{ row, id: id(row), text }] : [];
    });
    return {
      rows: kept,
      under,
      render: (style, widthMax) => {
        const [title = '', ...lines] = renderTable(
          columns(style),
          kept.map(({ row }) => row),
          style,
          widthMax,
        );
        return { title, rows: lines };
      },
    };
  };
  const { overview, tasks = [] } = seen;
  const { cluster, time } = overview;
  switch (resource) {
    case 'nodes':
      return listing({
        rows: cluster?.members ?? [],
        columns: (style) => memberColumns(style, cluster?.self ?? ''),
        id: (member) => member.id,
        under: 'partitions',
      });
    case 'partitions':
      return cluster === undefined
        ? listing({
            rows: overview.partitions,
            columns: (style) => ownPartitionColumns(style, time),
            id: (one) => String(one.partition),
          })
        : listing({
            rows: cluster.partitions,
            columns: (style) => partitionColumns(style, time),
            id: (one) => String(one.partition),
          });
    case 'functions':
      return listing({
        rows: overview.functions,
        columns: functionColumns,
        id: ({ name }) => name ?? '',
        under: 'tasks',
      });
    case 'tasks':
      return listing({ rows: tasks, columns: (style) => taskColumns(style, time.getTime()), id: (task) => task.id });
    case 'moves':
      return listing({
        rows: cluster?.moves ?? [],
        columns: () => [
          { title: 'TIME', text: ({ at }) => at.toISOString() },
          { title: 'WHAT', text: moveText, widthMin: 10 },
        ],
        id: (move) => String(move.number),
      });
    case 'faults':
      return listing({
        rows: cluster?.faults ?? [],
        columns: (style) => [
          { title: 'FAULT', text: ({ kind }) => kind, paint: style.bad },
          { title: 'WHAT', text: (fault) => faultText(fault, time), widthMin: 10 },
        ],
        id: ({ kind, member, partition }) => `${kind} ${member} ${partition}`,
      });
    default:
      return resource satisfies never;
  }
};

const timeText = (ms: number | undefined): string => (ms === undefined ? '' : formatDuration(ms));

const functionColumns = (style: Style): readonly Column<FunctionOverview>[] => [
  { title: 'FUNCTION', text: ({ name }) => name ?? 'all others', widthMin: 8 },
  { title: 'RUNNING', text: ({ running }) => countText(running), align: 'right' },
  { title: 'QUEUED', text: ({ queued }) => countText(queued), align: 'right' },
  { title: 'SCHEDULED', text: ({ scheduled }) => countText(scheduled), align: 'right' },
  { title: 'COMPLETED', text: ({ completed }) => countText(completed), align: 'right' },
  {
    title: 'FAILED',
    text: ({ failed }) => countText(failed),
    align: 'right',
    paint: (text, { failed }) => (failed > 0 ? style.bad(text) : text),
  },
  { title: 'RUN P50', text: ({ runTime }) => timeText(percentileMs(runTime, 0.5)), align: 'right' },
  { title: 'P99', text: ({ runTime }) => timeText(percentileMs(runTime, 0.99)), align: 'right' },
  { title: 'WAIT P50', text: ({ waitTime }) => timeText(percentileMs(waitTime, 0.5)), align: 'right' },
];
