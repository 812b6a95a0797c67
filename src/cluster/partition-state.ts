/** What a node has of a partition, in the words of its cluster. */
import type { Partition } from '../partition/partition.ts';
import type { PartitionState } from './claims.ts';

/** `leads`: its tasks are taken over, too; `busy`: what is being opened, and for what, or closed. */
export const partitionState = (
  core: Pick<Partition<never>, 'role' | 'epoch' | 'position'> | undefined,
  leads: boolean,
  busy: 'lead' | 'claim' | 'follow' | 'closing' | undefined,
): PartitionState => {
  if (core === undefined) {
    const opened = busy === 'follow' ? 'following' : 'claiming';
    return { role: busy === undefined ? 'none' : busy === 'closing' ? busy : opened, epoch: 0, position: 0 };
  }
  const { role, epoch, position } = core;
  switch (role) {
    case 'following':
      // Nothing can be done with it until it is closed, and nobody is to take it for a leader that hands over.
      if (busy === 'closing') return { role: busy, epoch: 0, position: 0 };
      // It may have to wait for something before it claims.
      return { role: busy === 'claim' ? 'claiming' : role, epoch, position };
    case 'reading':
    case 'claiming':
      return { role: 'claiming', epoch, position };
    case 'leading':
      return { role: leads ? role : 'claiming', epoch, position };
    case 'handingOver':
    case 'handedOver':
    case 'fenced':
      return { role: 'closing', epoch, position };
    default:
      return role satisfies never;
  }
};
