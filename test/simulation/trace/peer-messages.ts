/** Messages between partitions in words. */
import type { PeerMessage } from '../../../src/partition/outbox.ts';
import type { Description } from './trace.ts';
import { shortly } from './words.ts';

export const describePeerMessages = (messages: readonly PeerMessage[]): Description => ({
  text: messages
    .map((message) => {
      const way = `${message.from} > ${message.to}`;
      return message.kind === 'message'
        ? `${way} message ${message.number} ${shortly(message.body)}`
        : `${way} received up to ${message.upTo}${message.again ? ', again from there' : ''}`;
    })
    .join('; '),
  partitions: [...new Set(messages.flatMap(({ from, to }) => [from, to]))],
});
