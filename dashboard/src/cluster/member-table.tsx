/** The members of the cluster: how each is, and what share of the work it has. */
import type { JSX } from 'preact';
import type {
  ClusterMemberOverview,
  ClusterOverview,
  MemberStateName,
} from '../../../src/protocol/cluster-overview.ts';
import { memberStateText } from '../../../src/protocol/cluster-words.ts';
import type { TaskStateName } from '../../../src/protocol/task-view.ts';
import { formatCount, plural } from '../format.ts';
import { StateIcon } from '../frame/icon.tsx';
import { heads } from '../overview/machine.tsx';

/** Which drawing stands for a state: those of tasks, so that a shape means the same everywhere. */
const looks: Readonly<Record<MemberStateName, TaskStateName>> = {
  joining: 'scheduled',
  up: 'completed',
  draining: 'waiting',
  left: 'cancelled',
  dead: 'failed',
};

const MemberState = ({ member }: { member: ClusterMemberOverview }): JSX.Element => {
  const gone = member.state === 'left' || member.state === 'dead';
  const look = !gone && (!member.heard || member.healthy === false) ? 'failed' : looks[member.state];
  return (
    <span class={`state state-${look}`}>
      <StateIcon state={look} />
      {memberStateText(member)}
    </span>
  );
};

const barWidth = 90;

/** Partitions that it leads (filled) and follows, beside those of who has most. */
const Share = ({ member, most }: { member: ClusterMemberOverview; most: number }): JSX.Element => {
  const scale = barWidth / Math.max(1, most);
  const led = member.leads * scale;
  return (
    <svg
      class="share"
      width={barWidth}
      height="10"
      role="img"
      aria-label={`leads ${member.leads}, follows ${member.follows}`}
    >
      <rect class="follows" x="0" y="1" width={led + member.follows * scale} height="8" rx="2" />
      <rect class="leads" x="0" y="1" width={led} height="8" rx="2" />
    </svg>
  );
};

export const MemberTable = ({ cluster }: { cluster: ClusterOverview }): JSX.Element => {
  const { members, self } = cluster;
  const most = Math.max(0, ...members.map(({ leads, follows }) => leads + follows));
  return (
    <section class="wide" tabindex={0} aria-labelledby="members-heading">
      <h2 id="members-heading">Nodes</h2>
      <table>
        {heads(
          ['Node'],
          ['State'],
          ['Place', 'roomy-only'],
          ['Share', 'roomy-only'],
          ['Leads', 'number'],
          ['Follows', 'number'],
          ['Load', 'number'],
          ['Queued', 'number'],
          ['App', 'roomy-only'],
        )}
        <tbody>
          {members.map((member) => (
            <tr key={member.id}>
              <th scope="row">
                {member.url === undefined ? member.id : <a href={member.url}>{member.id}</a>}
                {member.id === self ? <span class="faint"> this one</span> : null}
              </th>
              <td>
                <MemberState member={member} />
              </td>
              <td class="soft roomy-only">{member.location}</td>
              <td class="roomy-only">
                <Share member={member} most={most} />
              </td>
              <td class="number">{formatCount(member.leads)}</td>
              <td class="number">{formatCount(member.follows)}</td>
              <td class="number" title="changes of tasks a second, lately">
                {member.load === undefined ? '' : formatCount(member.load)}
              </td>
              <td class="number">{member.queued === undefined ? '' : formatCount(member.queued)}</td>
              <td class="soft roomy-only">
                {member.app}
                {member.lacksCount === 0 ? null : (
                  <span class="faint" title={member.lacks.join(', ')}>
                    {' '}
                    lacks {plural(member.lacksCount, 'task')}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};
