/** What happened between two looks at a node, as lines for logs. Pure. */
import type { ClusterFault } from '../protocol/cluster-overview.ts';
import { faultText, moveText } from '../protocol/cluster-words.ts';
import type { Overview } from '../protocol/overview.ts';
import { plural } from './overview-text.ts';
import { countText } from './progress-text.ts';

/** Of the first look (`before` undefined): how it is. */
export const changeLines = (before: Overview | undefined, overview: Overview): readonly string[] => {
  const at = (time: Date, text: string): string => `${time.toISOString()} ${text}`;
  const { time, cluster } = overview;
  const known = new Set(before?.cluster?.faults.map(keyOf));
  const now = new Set(cluster?.faults.map(keyOf));
  const summary = summaryOf(overview);
  // Another node counts otherwise; what it saw before is not told again.
  const sameNode = before?.cluster?.self === cluster?.self;
  const toldUpTo = sameNode ? (before?.cluster?.moves[0]?.number ?? 0) : Number.POSITIVE_INFINITY;
  const fresh = before === undefined ? [] : (cluster?.moves ?? []).filter(({ number }) => number > toldUpTo);
  return [
    ...(before === undefined || summary !== summaryOf(before) ? [at(time, summary)] : []),
    ...fresh.toReversed().map((move) => at(move.at, moveText(move))),
    ...(cluster?.faults ?? [])
      .filter((fault) => !known.has(keyOf(fault)))
      .map((fault) => at(time, `fault: ${faultText(fault, time)}`)),
    ...(before?.cluster?.faults ?? [])
      .filter((fault) => !now.has(keyOf(fault)))
      .map((fault) => at(time, `over: ${fault.what}`)),
  ];
};

const keyOf = ({ kind, member, partition }: ClusterFault): string => `${kind} ${member ?? ''} ${partition ?? ''}`;

const summaryOf = ({ cluster, functions, partitions }: Overview): string => {
  const sum = (of: (row: (typeof functions)[number]) => number): string =>
    countText(functions.reduce((total, row) => total + of(row), 0));
  const tasks = `${sum(({ running }) => running)} running, ${sum(({ queued }) => queued)} queued, ${sum(({ failed }) => failed)} failed`;
  if (cluster === undefined)
    return `${countText(partitions.filter(({ leading }) => leading).length)} of ${plural(partitions.length, 'partition')} led, ${tasks}`;
  const { members } = cluster;
  const there = members.filter(({ state }) => state !== 'left' && state !== 'dead');
  const led = cluster.partitions.filter(({ leader }) => leader !== undefined).length;
  return `${countText(there.filter(({ heard }) => heard).length)} of ${plural(there.length, 'node')} heard, ${countText(led)} of ${plural(cluster.partitions.length, 'partition')} led, ${tasks}`;
};
