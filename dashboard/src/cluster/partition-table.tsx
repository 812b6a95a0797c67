/** Who leads each partition, who stands by and how far behind, and what goes on with it. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ClusterPartitionOverview, ClusterStandbyOverview } from '../../../src/protocol/cluster-overview.ts';
import { partitionNowText } from '../../../src/protocol/cluster-words.ts';
import { formatCount } from '../format.ts';
import { heads } from '../overview/machine.tsx';

/** Beyond this a standby is far enough behind to be looked at. */
const lagMuch = 1_000;
/** Those of a small cluster; the rest are asked for. */
const rowsShown = 64;

const Standby = ({ standby }: { standby: ClusterStandbyOverview }): JSX.Element => {
  const { member, lag, following, named } = standby;
  return (
    <span class="standby">
      <span class={named ? undefined : 'faint'}>{member}</span>{' '}
      {lag === undefined ? (
        <span class="faint">{following ? '' : 'not ready'}</span>
      ) : (
        <span class={lag > lagMuch ? 'state-failed' : 'faint'} title="records behind">
          {formatCount(lag)}
        </span>
      )}
    </span>
  );
};

export const PartitionTable = ({
  partitions,
  time,
}: {
  partitions: readonly ClusterPartitionOverview[];
  time: Date;
}): JSX.Element => {
  const [all, setAll] = useState(false);
  const shown = all ? partitions : partitions.slice(0, rowsShown);
  return (
    <section class="wide" tabindex={0} aria-labelledby="cluster-partitions-heading">
      <h2 id="cluster-partitions-heading">Partitions</h2>
      <table>
        {heads(
          ['Partition'],
          ['Leader'],
          ['Standbys, records behind'],
          ['Epoch', 'number roomy-only'],
          ['Position', 'number roomy-only'],
          ['Now'],
        )}
        <tbody>
          {shown.map((one) => (
            <tr key={one.partition}>
              <th scope="row">{one.partition}</th>
              <td>{one.leader === undefined ? <span class="state-failed">nobody</span> : one.leader.member}</td>
              <td>
                {one.standbys.map((standby) => (
                  <Standby key={standby.member} standby={standby} />
                ))}
              </td>
              <td class="number roomy-only">{one.leader === undefined ? '' : formatCount(one.leader.epoch)}</td>
              <td class="number roomy-only">{one.leader === undefined ? '' : formatCount(one.leader.position)}</td>
              <td class={one.underWay?.what === 'unled' ? 'state-failed' : 'soft'}>{partitionNowText(one, time)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length === partitions.length ? null : (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          All {formatCount(partitions.length)} partitions
        </button>
      )}
    </section>
  );
};
