/** Answers to clients. Every one passes the gate, the refusals too (scenario P2). */
import { TuttiError } from '../errors/tutti-error.ts';
import { encodeError } from '../values/codec.ts';
import type { TaskTransaction, Waiter } from './leader.ts';
import { toClient } from './messages.ts';
import { type DoneRow, taskStatus } from './tables.ts';

export const reply = (tx: TaskTransaction, to: Waiter, ok: number, text: string): void =>
  tx.emit({ kind: 'client', client: to.client, flat: [toClient.reply, to.request, ok, text] });

export const refuse = (tx: TaskTransaction, to: Waiter, error: unknown): void => reply(tx, to, 0, encodeError(error));

export const notFound = (id: string): TuttiError =>
  new TuttiError('TASK_NOT_FOUND', `There is no task ${id} here. It may have been removed after its retention time.`, {
    details: { id },
  });

export const replyOutcome = (tx: TaskTransaction, to: Waiter, done: DoneRow): void =>
  reply(tx, to, done.status === taskStatus.completed ? 1 : 0, done.text);
