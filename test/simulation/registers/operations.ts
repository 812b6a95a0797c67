/** What operations do to the rows of a partition. */
import { type PeerMessage, sendMessage } from '../../../src/partition/outbox.ts';
import type { Transaction } from '../../../src/partition/transaction.ts';
import { keyOfUint } from '../../../src/values/ordered-key.ts';
import type { Operation, Reply, Request } from './protocol.ts';
import { inboxTable, type Outcome, registerTable, requestTable } from './tables.ts';

type Answer = { readonly kind: 'answer'; readonly to: string; readonly reply: Reply };
export type Output = Answer | PeerMessage;
type Tx = Transaction<Output>;

/** Takes effect once per request, and is answered the same on every repeat. What only reads leaves nothing behind. */
export const serve = (tx: Tx, from: string, request: Request): void => {
  const { client, seq, operation } = request;
  const key = `${client}`;
  const before = tx.get(requestTable, key);
  // An old copy that was late: its client has gone on.
  if (before !== undefined && seq < before.seq) return;
  const outcome = before?.seq === seq ? before.outcome : perform(tx, request.partition, operation);
  if (before?.seq !== seq && operation.kind !== 'read') tx.put(requestTable, key, { seq, outcome });
  tx.emit({ kind: 'answer', to: from, reply: { client, seq, outcome } });
};

const perform = (tx: Tx, partition: number, operation: Operation): Outcome => {
  const value = tx.get(registerTable, operation.key)?.value ?? 0;
  switch (operation.kind) {
    case 'read':
      return { ok: true, value };
    case 'write':
      tx.put(registerTable, operation.key, { value: operation.value });
      return { ok: true, value: operation.value };
    case 'swap':
      if (value !== operation.expected) return { ok: false, value };
      tx.put(registerTable, operation.key, { value: operation.value });
      return { ok: true, value: operation.value };
    case 'add': {
      const sent = `sent ${operation.tell}`;
      const number = (tx.get(registerTable, sent)?.value ?? 0) + 1;
      tx.put(registerTable, operation.key, { value: value + 1 });
      tx.put(registerTable, sent, { value: number });
      sendMessage(tx, partition, operation.tell, [number]);
      return { ok: true, value: value + 1 };
    }
    default:
      return operation satisfies never;
  }
};

/** The sender counts by its own; a message that is not the next one is told. */
export const took = (tx: Tx, from: number, number: number): string | undefined => {
  const key = keyOfUint(from, 2);
  const { last } = tx.get(inboxTable, key) ?? { last: 0 };
  tx.put(inboxTable, key, { last: number });
  return number === last + 1 ? undefined : `took message ${number} of partition ${from} after ${last}`;
};
