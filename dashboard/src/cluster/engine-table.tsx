/** The servers that the cluster stands on. */
import type { JSX } from 'preact';
import type { EngineOverview } from '../../../src/protocol/cluster-overview.ts';
import { formatCount } from '../format.ts';
import { heads } from '../overview/machine.tsx';

export const EngineTable = ({ engine }: { engine: EngineOverview }): JSX.Element => (
  <section aria-labelledby="engine-heading">
    <h2 id="engine-heading">
      Engine <span class="faint">{engine.kind}</span>
      {engine.connected ? null : <span class="state-failed">not connected</span>}
    </h2>
    {engine.servers.length === 0 ? (
      <p class="empty">Its servers are not known.</p>
    ) : (
      <table>
        {heads(['Server'], ['State'], ['Behind', 'number'])}
        <tbody>
          {engine.servers.map(({ name, online, leader, lag }) => (
            <tr key={name}>
              <th scope="row">
                {name}
                {leader ? <span class="faint"> leads</span> : null}
              </th>
              <td class={online ? undefined : 'state-failed'}>{online ? 'online' : 'down'}</td>
              <td class="number">{lag === undefined ? '' : formatCount(lag)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    )}
  </section>
);
