/**
 * Messages from one partition to another: exactly once and in order, after any crash (DESIGN section 3, scenario T5).
 *
 * A message is a row of the sender's outbox, written in the same record as what causes it, and numbered per pair of
 * partitions. It is sent until the receiver's log has it; the receiver keeps the last number it took. The sender deletes the
 * row only on an acknowledgement, which passes the receiver's gate and so proves that its log has the message.
 */
import { keyOfUint } from '../values/ordered-key.ts';
import type { Transaction } from './partition.ts';
import { defineTable } from './table.ts';

/** Plain values only: numbers, strings, undefined. */
export type MessageBody = readonly unknown[];

/** What goes over the wire between partitions. */
export type PeerMessage =
  | {
      readonly kind: 'message';
      readonly to: number;
      readonly from: number;
      readonly number: number;
      readonly body: MessageBody;
    }
  | { readonly kind: 'received'; readonly to: number; readonly from: number; readonly upTo: number };

type OutboxRow = { readonly body: MessageBody };

/** `sent`, `acknowledged`: our messages to the peer. `received`: the peer's last message that we took. */
type PeerRow = { readonly sent: number; readonly acknowledged: number; readonly received: number };

export const outboxTable = defineTable<OutboxRow>({
  id: 1,
  name: 'outbox',
  toFields: (row) => [row.body],
  fromFields: (fields) => ({ body: fields[0] as MessageBody }),
});

export const peersTable = defineTable<PeerRow>({
  id: 2,
  name: 'peers',
  toFields: (row) => [row.sent, row.acknowledged, row.received],
  fromFields: (fields) => ({
    sent: fields[0] as number,
    acknowledged: fields[1] as number,
    received: fields[2] as number,
  }),
});

const peerKey = (peer: number): string => keyOfUint(peer, 2);
const messageKey = (peer: number, number: number): string => keyOfUint(peer, 2) + keyOfUint(number, 6);
const noPeer: PeerRow = { sent: 0, acknowledged: 0, received: 0 };

/** Writes a message to `peer` and sends it once it is durable. */
export const sendMessage = (tx: Transaction<PeerMessage>, own: number, peer: number, body: MessageBody): void => {
  const row = tx.get(peersTable, peerKey(peer)) ?? noPeer;
  const number = row.sent + 1;
  tx.put(peersTable, peerKey(peer), { ...row, sent: number });
  tx.put(outboxTable, messageKey(peer, number), { body });
  tx.emit({ kind: 'message', to: peer, from: own, number, body });
};

/** Takes what came from a peer: `take` runs at most once per message, in order, in the same record as the cursor. */
export const receivePeerMessage = (
  tx: Transaction<PeerMessage>,
  own: number,
  message: PeerMessage,
  take: (from: number, body: MessageBody) => void,
): void => {
  const peer = message.from;
  const row = tx.get(peersTable, peerKey(peer)) ?? noPeer;
  if (message.kind === 'received') {
    // No more than was sent: a peer that lost its log would otherwise make us forget what it needs.
    const upTo = Math.min(message.upTo, row.sent);
    for (let number = row.acknowledged + 1; number <= upTo; number++) tx.delete(outboxTable, messageKey(peer, number));
    if (upTo > row.acknowledged) tx.put(peersTable, peerKey(peer), { ...row, acknowledged: upTo });
    return;
  }
  let received = row.received;
  if (message.number === received + 1) {
    received = message.number;
    tx.put(peersTable, peerKey(peer), { ...row, received });
    take(peer, message.body);
  }
  tx.emit({ kind: 'received', to: peer, from: own, upTo: received });
};

/** Sends again what no peer has acknowledged: by a new leader, and now and then where messages may be lost. */
export const resendMessages = (tx: Transaction<PeerMessage>, own: number): void => {
  for (const [key, row] of tx.scan(peersTable)) {
    const peer = (key.charCodeAt(0) << 8) | key.charCodeAt(1);
    for (let number = row.acknowledged + 1; number <= row.sent; number++) {
      const message = tx.get(outboxTable, messageKey(peer, number));
      if (message !== undefined) tx.emit({ kind: 'message', to: peer, from: own, number, body: message.body });
    }
  }
};
