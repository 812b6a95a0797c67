/** What clients ask of a partition: each request goes to the file that answers it. */
import { TuttiError } from '../errors/tutti-error.ts';
import { isTaskId } from '../values/task-id.ts';
import { refuse } from './answers.ts';
import { settleStep } from './child-outcome.ts';
import type { TaskLeader, TaskTransaction } from './leader.ts';
import { type Flat, fromClient, fromClientArity } from './messages.ts';
import { requestCanary } from './request-canary.ts';
import { requestCancel } from './request-cancel.ts';
import { requestDetail } from './request-detail.ts';
import { requestFollow, requestLogs } from './request-follow.ts';
import { requestList, requestStatus } from './request-list.ts';
import { requestRetry } from './request-retry.ts';
import { requestStart, requestWait } from './request-start.ts';
import { giveUp } from './waiters.ts';

/** Takes one request of a client. */
export const takeClientMessage = (
  leader: TaskLeader,
  tx: TaskTransaction,
  client: number,
  flat: Flat,
  at: number,
): void => {
  const from = { client, request: flat[at + 1] as number };
  const id = flat[at + 2] as string;
  if (flat[at] !== fromClient.list && !isTaskId(id)) {
    refuse(
      tx,
      from,
      new TuttiError(
        'TASK_NOT_FOUND',
        `${JSON.stringify(id)} is no task id. An id has 26 characters, such as ${'06A4'}….`,
        { details: { id } },
      ),
    );
    return;
  }
  switch (flat[at]) {
    case fromClient.start:
      requestStart(leader, tx, from, {
        id,
        name: flat[at + 3] as string,
        input: flat[at + 4] as string,
        policy: flat[at + 5] as string | undefined,
        idempotencyKey: flat[at + 6] as string | undefined,
        delayMs: flat[at + 7] as number,
        wait: flat[at + 8] === 1,
        repeatable: flat[at + 9] === 1,
      });
      break;
    case fromClient.wait:
      requestWait(leader, tx, from, id);
      break;
    case fromClient.status:
      requestStatus(leader, tx, from, id);
      break;
    case fromClient.canary:
      requestCanary(leader, tx, from, id);
      break;
    case fromClient.detail:
      requestDetail(leader, tx, from, id, flat[at + 3] as number);
      break;
    case fromClient.list:
      requestList(leader, tx, from, flat[at + 3] as string);
      break;
    case fromClient.cancel:
      requestCancel(leader, tx, from, id);
      break;
    case fromClient.retry:
      requestRetry(leader, tx, from, id, flat[at + 3] as string | undefined);
      break;
    case fromClient.logs:
      requestLogs(tx, from, id, flat[at + 3] as number);
      break;
    case fromClient.follow:
      requestFollow(leader, tx, from, id, flat[at + 3] as number);
      break;
    case fromClient.giveUp:
      giveUp(leader, tx, from, id, flat[at + 3] as string | undefined, flat[at + 4] as string | undefined);
      break;
    default:
      throw new TuttiError('INVARIANT', `A client sent a message with the unknown op ${String(flat[at])}.`);
  }
  settleStep(leader, tx);
};

/** Fields of the message at `at`, its op included. */
export const clientMessageLength = (flat: Flat, at: number): number =>
  fromClientArity[flat[at] as keyof typeof fromClientArity] + 1;
