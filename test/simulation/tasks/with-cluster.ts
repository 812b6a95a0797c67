/** A node as a member of its cluster, as it ships. */
import { nowhere } from '../../../src/cluster/heartbeat.ts';
import { Member } from '../../../src/cluster/member.ts';
import type { Membership } from '../cluster/cluster-member.ts';
import type { NodeContext } from '../node.ts';
import { type Edges, hostOf, type PutTogether, watchOf } from './put-together.ts';

export const withCluster = (context: NodeContext, membership: Membership, edges: Edges): PutTogether => {
  const { env, bus, copies } = context;
  const { stopped, ...more } = membership;
  const member: Member = new Member({
    ...more,
    env,
    bus,
    host: hostOf(context),
    copies,
    ...edges,
    watch: watchOf(context),
    addresses: () => nowhere,
    onRuns: () => undefined,
    onJoined: () => undefined,
    onStopped: (error) => stopped(error, member.partitions),
  });
  const { partitions, relay, cluster, ports } = member;
  return {
    parts: partitions,
    relay,
    cluster,
    addClient: ports.addClient,
    fromClient: ports.fromClient,
    nodeEnded: (node) => member.runEnded(node),
  };
};
