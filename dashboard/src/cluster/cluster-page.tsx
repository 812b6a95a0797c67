/** The cluster as the node sees it: what is wrong, who is there, who leads what, and what moves. */
import type { JSX } from 'preact';
import type { ClusterFault, ClusterOverview } from '../../../src/protocol/cluster-overview.ts';
import { formatAge, formatCount, formatMs, plural } from '../format.ts';
import { ErrorLine } from '../frame/error-line.tsx';
import { useHeading } from '../frame/use-heading.ts';
import { overview, overviewError } from '../link/overview.ts';
import { Figure } from '../overview/figure.tsx';
import { EngineTable } from './engine-table.tsx';
import { MemberTable } from './member-table.tsx';
import { MoveList } from './move-list.tsx';
import { PartitionTable } from './partition-table.tsx';

export const ClusterPage = (): JSX.Element => {
  const heading = useHeading('Cluster');
  const newest = overview.value;
  return (
    <div class="sheet cluster">
      <h1 class="for-readers" ref={heading} tabindex={-1}>
        Cluster
      </h1>
      {overviewError.value === undefined ? null : <ErrorLine error={overviewError.value} />}
      {newest === undefined ? (
        <p class="empty">Asking the node …</p>
      ) : newest.cluster === undefined ? (
        <p class="empty">This node runs by itself: it is in no cluster.</p>
      ) : (
        <Seen cluster={newest.cluster} time={newest.time} />
      )}
    </div>
  );
};

type Shown = { readonly cluster: ClusterOverview; readonly time: Date };

const Seen = ({ cluster, time }: Shown): JSX.Element => (
  <>
    <Faults faults={cluster.faults} time={time} />
    <Figures cluster={cluster} time={time} />
    <div class="halves">
      <div>
        <MemberTable cluster={cluster} />
        <PartitionTable partitions={cluster.partitions} time={time} />
      </div>
      <div>
        <MoveList moves={cluster.moves} time={time} />
        {cluster.engine === undefined ? null : <EngineTable engine={cluster.engine} />}
      </div>
    </div>
  </>
);

/** Read out as they come. */
const Faults = ({ faults, time }: { faults: readonly ClusterFault[]; time: Date }): JSX.Element => (
  <div role="status" aria-label="What is wrong">
    {faults.length === 0 ? null : (
      <ul class="alert faults">
        {faults.map(({ kind, what, member, partition, since }) => (
          <li key={`${kind} ${member} ${partition}`}>
            <strong>{what}</strong> <span class="soft">{sinceText(time.getTime() - since.getTime())}</span>
          </li>
        ))}
      </ul>
    )}
  </div>
);

const sinceText = (ms: number): string => (ms < 1_000 ? 'since just now' : `for ${formatAge(ms)}`);

const Figures = ({ cluster, time }: Shown): JSX.Element => {
  const { members, partitions, moves, settings, name, mapVersion } = cluster;
  const there = members.filter(({ state }) => state !== 'left' && state !== 'dead');
  const heard = there.filter((member) => member.heard).length;
  const led = partitions.filter(({ leader }) => leader !== undefined).length;
  const underWay = partitions.filter((partition) => partition.underWay !== undefined).length;
  const lags = partitions.flatMap(({ standbys }) => standbys.map(({ lag }) => lag ?? 0));
  const queued = there.reduce((sum, member) => sum + (member.queued ?? 0), 0);
  const [last] = moves;
  const stalled = moves.reduce((most, { tookMs }) => Math.max(most, tookMs ?? 0), 0);
  return (
    <dl class="figures">
      <Figure
        name="Nodes heard"
        value={`${formatCount(heard)} / ${formatCount(there.length)}`}
        bad={heard < there.length}
        about={name}
      />
      <Figure
        name="Partitions led"
        value={`${formatCount(led)} / ${formatCount(partitions.length)}`}
        bad={led < partitions.length}
        about={underWay === 0 ? 'all at rest' : `${formatCount(underWay)} under way`}
      />
      <Figure
        name="Farthest behind"
        value={formatCount(Math.max(0, ...lags))}
        about={`records; ${plural(settings.standbys, 'standby', 'standbys')} each`}
      />
      <Figure name="Queued" value={formatCount(queued)} about={`at ${plural(there.length, 'node')}`} />
      <Figure
        name="Last move"
        value={last === undefined ? '–' : formatAge(time.getTime() - last.at.getTime())}
        about={stalled === 0 ? 'since this node began' : `longest stall ${formatMs(stalled)}`}
      />
      <Figure name="Map" value={formatCount(mapVersion)} about={`as ${cluster.self} sees it`} />
    </dl>
  );
};
