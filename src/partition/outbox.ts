/**
 * Messages from one partition to another (or to itself, for what is to happen in a record of its own): exactly once and in
 * order, after any crash (DESIGN section 3, scenario T5).
 *
 * A message is a row of the sender's outbox, written in the same record as what causes it, and numbered per pair of
 * partitions. It is sent until the receiver's log has it; the receiver keeps the last number it took. The sender deletes the
 * row only on an acknowledgement, which passes the receiver's gate and so proves that its log has the message.
 */
import { keyOfUint } from '../values/ordered-key.ts';
import { defineTable } from './table.ts';
import type { Transaction } from './transaction.ts';

/** Plain values only: numbers, strings, undefined. */
export type MessageBody = readonly unknown[];

/** What goes over the wire between partitions. */
export type PeerMessage =
  | {
      readonly kind: 'message';
      readonly to: number;
      readonly from: number;
      readonly number: number;
      /** The sender's record time: what a message causes is not before it. */
      readonly time: number;
      readonly body: MessageBody;
    }
  | {
      readonly kind: 'received';
      readonly to: number;
      readonly from: number;
      readonly upTo: number;
      /** From a new leader, who may have missed what was sent: whatever comes after `upTo` is to be sent again. */
      readonly again: boolean;
    };

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
  tx.emit({ kind: 'message', to: peer, from: own, number, time: tx.time, body });
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
    const acknowledged = Math.max(row.acknowledged, upTo);
    if (acknowledged > row.acknowledged) tx.put(peersTable, peerKey(peer), { ...row, acknowledged });
    if (message.again) resend(tx, own, peer, acknowledged, row.sent);
    return;
  }
  let received = row.received;
  if (message.number === received + 1) {
    received = message.number;
    tx.notBefore(message.time);
    tx.put(peersTable, peerKey(peer), { ...row, received });
    take(peer, message.body);
  }
  tx.emit({ kind: 'received', to: peer, from: own, upTo: received, again: false });
};

/**
 * Makes good for what was lost in the change of a leader: sends again what no peer has acknowledged, and asks each of the
 * `partitions` for what it has sent meanwhile. Whichever of two leads later, each gets what the other has for it.
 */
export const resendMessages = (tx: Transaction<PeerMessage>, own: number, partitions: number): void => {
  for (let peer = 0; peer < partitions; peer++) {
    const row = tx.get(peersTable, peerKey(peer)) ?? noPeer;
    resend(tx, own, peer, row.acknowledged, row.sent);
    // To itself a partition has just sent everything.
    if (peer !== own) tx.emit({ kind: 'received', to: peer, from: own, upTo: row.received, again: true });
  }
};

/**
 * Makes good for what a bus loses while the leader stays: called now and then, it sends again what a peer has not
 * acknowledged, if it has acknowledged nothing since the call before. One for each leader.
 */
export class Resender {
  readonly #acknowledged: number[] = [];

  /** Sends at most `most` messages to each of the `partitions`. False: all that was sent is acknowledged. */
  sendAgain(tx: Transaction<PeerMessage>, own: number, partitions: number, most: number): boolean {
    let waiting = false;
    for (let peer = 0; peer < partitions; peer++) {
      const row = tx.get(peersTable, peerKey(peer));
      if (row === undefined || row.sent === row.acknowledged) continue;
      waiting = true;
      const { acknowledged } = row;
      if (this.#acknowledged[peer] === acknowledged)
        resend(tx, own, peer, acknowledged, Math.min(row.sent, acknowledged + most));
      this.#acknowledged[peer] = acknowledged;
    }
    return waiting;
  }
}

const resend = (tx: Transaction<PeerMessage>, own: number, peer: number, acknowledged: number, sent: number): void => {
  for (let number = acknowledged + 1; number <= sent; number++) {
    const message = tx.get(outboxTable, messageKey(peer, number));
    if (message === undefined) continue;
    tx.emit({ kind: 'message', to: peer, from: own, number, time: tx.time, body: message.body });
  }
};
