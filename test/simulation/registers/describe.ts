/** Messages of the register workload in words. */
import type { SentMessage } from '../../../src/engine/simulated/watcher.ts';
import type { PeerMessage } from '../../../src/partition/outbox.ts';
import { describePeerMessages } from '../trace/peer-messages.ts';
import type { Description } from '../trace/trace.ts';
import type { Operation, Reply, Request } from './protocol.ts';
import type { Outcome } from './tables.ts';

export const describeRegisterMessage = ({ kind, bytes }: SentMessage): Description => {
  const message: unknown = JSON.parse(new TextDecoder().decode(bytes));
  switch (kind) {
    case 'to node': {
      const { seq, partition, operation } = message as Request;
      return { text: `#${seq} ${operationText(operation)} at ${partition}`, partitions: [partition] };
    }
    case 'to client': {
      const { seq, outcome } = message as Reply;
      return { text: `#${seq} ${outcome === undefined ? 'does not lead' : outcomeText(outcome)}`, partitions: [] };
    }
    default:
      return describePeerMessages([message as PeerMessage]);
  }
};

export const outcomeText = ({ ok, value }: Outcome): string => `${ok ? 'ok' : 'refused'} ${value}`;

export const operationText = (operation: Operation): string => {
  switch (operation.kind) {
    case 'read':
      return `read ${operation.key}`;
    case 'write':
      return `write ${operation.key} = ${operation.value}`;
    case 'swap':
      return `swap ${operation.key} from ${operation.expected} to ${operation.value}`;
    case 'add':
      return `add to ${operation.key}, tell ${operation.tell}`;
    default:
      return operation satisfies never;
  }
};
