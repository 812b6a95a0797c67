/** How a node and its cluster do, as lines for people. Pure. */
import type { ClusterMemberOverview, ClusterOverview, ClusterPartitionOverview } from '../protocol/cluster-overview.ts';
import { agoText, faultText, lackingText, memberStateText, partitionNowText } from '../protocol/cluster-words.ts';
import type { Overview, PartitionOverview } from '../protocol/overview.ts';
import { formatDuration } from '../values/duration.ts';
import { fitted } from './display-width.ts';
import { countText } from './progress-text.ts';
import type { Style } from './style.ts';
import { type Column, renderFields, renderTable } from './table.ts';

export const plural = (count: number, one: string): string => `${countText(count)} ${count === 1 ? one : `${one}s`}`;

/** All of it; `widthMax` undefined: as wide as it takes. */
export const overviewLines = (overview: Overview, style: Style, widthMax?: number): readonly string[] => {
  const { cluster, time } = overview;
  const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): readonly string[] =>
    rows.length === 0 ? [] : ['', ...renderTable(columns, rows, style, widthMax)];
  const fields = renderFields(
    [...(cluster === undefined ? [] : clusterFields(cluster, style)), ...nodeFields(overview)],
    style,
  );
  if (cluster === undefined)
    return [
      ...fields,
      ...lackingLines(overview, style, widthMax),
      ...table(ownPartitionColumns(style, time), overview.partitions),
    ];
  return [
    ...fields,
    ...cluster.faults.map((fault) => style.bad(fitted(`! ${faultText(fault, time)}`, widthMax ?? Infinity))),
    ...table(memberColumns(style, cluster.self), cluster.members),
    ...table(partitionColumns(style, time), cluster.partitions),
  ];
};

/** Tasks of an app that had more functions than the one that runs; in a cluster they are among its faults. */
const lackingLines = ({ functions }: Overview, style: Style, widthMax = Number.POSITIVE_INFINITY): readonly string[] =>
  functions.flatMap(({ name, lacking = 0 }) =>
    lacking === 0 ? [] : [style.bad(fitted(`! ${lackingText(lacking)}: the app has no ${name}.`, widthMax))],
  );

type Field = readonly [name: string, value: string | undefined];

export const nodeFields = ({ cluster, ...overview }: Overview): readonly Field[] => {
  const { functions, executors, partitions, time, startedAt } = overview;
  const sum = (of: (row: (typeof functions)[number]) => number): number =>
    functions.reduce((total, row) => total + of(row), 0);
  const slots = executors.reduce((total, one) => total + one.slots, 0);
  const busy = executors.reduce((total, one) => total + one.busy, 0);
  const led = partitions.filter(({ leading }) => leading).length;
  return [
    [
      cluster === undefined ? 'node' : 'this node',
      [
        ...(cluster === undefined ? [] : [cluster.self]),
        `up for ${formatDuration(Math.max(0, time.getTime() - startedAt.getTime()))}`,
        `leads ${plural(led, 'partition')}`,
        `${countText(busy)} of ${plural(slots, 'slot')} busy`,
      ].join(', '),
    ],
    [
      'tasks',
      [
        `${countText(sum(({ running }) => running))} running`,
        `${countText(sum(({ queued }) => queued))} queued`,
        `${countText(sum(({ scheduled }) => scheduled))} scheduled`,
        `${countText(sum(({ completed }) => completed))} completed`,
        `${countText(sum(({ failed }) => failed))} failed`,
      ].join(', '),
    ],
  ];
};

export const clusterFields = (cluster: ClusterOverview, style: Style): readonly Field[] => {
  const { name, members, partitions, mapVersion, engine } = cluster;
  const there = members.filter(({ state }) => state !== 'left' && state !== 'dead');
  const heard = there.filter((member) => member.heard).length;
  const led = partitions.filter(({ leader }) => leader !== undefined).length;
  const all = (count: number, of: number, what: string): string => {
    const text = `${countText(count)} of ${plural(of, what)}`;
    return count < of ? style.bad(text) : text;
  };
  return [
    [
      'cluster',
      `${name}, ${all(heard, there.length, 'node')} heard, ${all(led, partitions.length, 'partition')} led, map ${countText(mapVersion)}`,
    ],
    ['engine', engine === undefined ? undefined : engineText(engine, style)],
  ];
};

const engineText = ({ kind, connected, servers }: NonNullable<ClusterOverview['engine']>, style: Style): string => {
  const online = servers.filter((server) => server.online).length;
  const leader = servers.find((server) => server.leader)?.name;
  const health = `${countText(online)} of ${plural(servers.length, 'server')} online`;
  return [
    kind,
    ...(connected ? [] : [style.bad('not connected')]),
    ...(servers.length === 0 ? [] : [online < servers.length ? style.bad(health) : health]),
    ...(leader === undefined ? [] : [`led by ${leader}`]),
  ].join(', ');
};

// --- Tables

export const memberColumns = (style: Style, self: string): readonly Column<ClusterMemberOverview>[] => [
  { title: 'NODE', text: ({ id }) => (id === self ? `${id} *` : id), widthMin: 8 },
  {
    title: 'STATE',
    text: memberStateText,
    paint: (text, { state, heard, healthy }) =>
      state === 'dead' || (state !== 'left' && (!heard || healthy === false)) ? style.bad(text) : text,
  },
  { title: 'LOCATION', text: ({ location }) => location, widthMin: 6 },
  { title: 'LEADS', text: ({ leads }) => countText(leads), align: 'right' },
  { title: 'FOLLOWS', text: ({ follows }) => countText(follows), align: 'right' },
  { title: 'LOAD', text: ({ load }) => (load === undefined ? '' : countText(load)), align: 'right' },
  { title: 'QUEUED', text: ({ queued }) => (queued === undefined ? '' : countText(queued)), align: 'right' },
  { title: 'WEIGHT', text: ({ weight }) => countText(weight), align: 'right' },
  { title: 'HEARD', text: heardText, align: 'right' },
  {
    title: 'APP',
    text: ({ app, lacksCount }) => (lacksCount === 0 ? app : `${app} (lacks ${plural(lacksCount, 'task')})`),
    widthMin: 6,
  },
  { title: 'ADDRESS', text: ({ url }) => url ?? '', widthMin: 8 },
];

const heardText = ({ silentMs, state }: ClusterMemberOverview): string =>
  silentMs === undefined || state === 'left' ? '' : silentMs < 1_000 ? 'now' : `${formatDuration(silentMs)} ago`;

export const partitionColumns = (style: Style, now: Date): readonly Column<ClusterPartitionOverview>[] => [
  { title: 'PARTITION', text: ({ partition }) => String(partition), align: 'right' },
  {
    title: 'LEADER',
    text: ({ leader }) => leader?.member ?? '-',
    paint: (text, { leader }) => (leader === undefined ? style.bad(text) : text),
    widthMin: 6,
  },
  { title: 'EPOCH', text: ({ leader }) => (leader === undefined ? '' : countText(leader.epoch)), align: 'right' },
  { title: 'POSITION', text: ({ leader }) => (leader === undefined ? '' : countText(leader.position)), align: 'right' },
  { title: 'STANDBYS (RECORDS BEHIND)', text: ({ standbys }) => standbys.map(standbyText).join(', '), widthMin: 10 },
  {
    title: 'NOW',
    text: (partition) => partitionNowText(partition, now),
    paint: (text, { underWay }) => (underWay?.what === 'unled' ? style.bad(text) : style.accent(text)),
    widthMin: 6,
  },
];

const standbyText = ({ member, lag, following, named }: ClusterPartitionOverview['standbys'][number]): string =>
  `${member}${lag === undefined ? (following ? '' : ' (not ready)') : ` (${countText(lag)})`}${named ? '' : ' (spare)'}`;

export const ownPartitionColumns = (style: Style, now: Date): readonly Column<PartitionOverview>[] => [
  { title: 'PARTITION', text: ({ partition }) => String(partition), align: 'right' },
  {
    title: 'STATE',
    text: ({ leading }) => (leading ? 'leading' : 'not leading'),
    paint: (text, { leading }) => (leading ? text : style.bad(text)),
  },
  { title: 'TASKS', text: ({ tasks }) => countText(tasks), align: 'right' },
  { title: 'QUEUED', text: ({ queueDepth }) => countText(queueDepth), align: 'right' },
  { title: 'KEPT', text: ({ finished }) => countText(finished), align: 'right' },
  { title: 'POSITION', text: ({ position }) => countText(position), align: 'right' },
  {
    title: 'CHECKPOINT',
    text: ({ checkpointAt }) => (checkpointAt === undefined ? 'none yet' : `${agoText(checkpointAt, now)} ago`),
  },
];
