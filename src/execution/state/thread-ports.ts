/** The ports of a state thread, over which it talks with executors and clients in flat arrays. */
import type { MessagePort } from 'node:worker_threads';
import type { Loss } from '../../tasks/grant.ts';
import type { Flat } from '../../tasks/messages.ts';
import type { AttemptName } from '../executor/control.ts';
import type { ToStateThread } from './control.ts';

/** Who is told what comes over them. */
export type PortUser = {
  readonly addExecutor: (executor: number, names: readonly string[], away: readonly string[]) => void;
  readonly removeExecutor: (executor: number, guilty: AttemptName | undefined, loss: Loss) => void;
  readonly executorBusy: (executor: number, running: AttemptName | undefined, kept: boolean) => void;
  readonly executorAnswers: (executor: number) => void;
  readonly fromExecutor: (executor: number, flat: Flat) => void;
  readonly addClient: (client: number) => void;
  readonly fromClient: (client: number, flat: Flat) => void;
};

/** What is left of the node thread's messages. */
export type ToStateOwner = Exclude<
  ToStateThread,
  { kind: 'executor' | 'executorGone' | 'executorBusy' | 'executorAnswers' | 'client' }
>;

export class ThreadPorts {
  readonly #executors = new Map<number, MessagePort>();
  readonly #clients = new Map<number, MessagePort>();

  readonly postToExecutor = (executor: number, flat: Flat): void => this.#executors.get(executor)?.postMessage(flat);
  readonly postToClient = (client: number, flat: Flat): void => this.#clients.get(client)?.postMessage(flat);

  /** Takes a message of the node thread; returned is what is not about ports. */
  take(message: ToStateThread, user: PortUser): ToStateOwner | undefined {
    switch (message.kind) {
      case 'executor': {
        const { executor, port, names, away } = message;
        this.#executors.set(executor, port);
        user.addExecutor(executor, names, away);
        port.on('message', (flat: Flat) => user.fromExecutor(executor, flat));
        return undefined;
      }
      case 'executorGone':
        this.#executors.get(message.executor)?.close();
        this.#executors.delete(message.executor);
        user.removeExecutor(message.executor, message.guilty, message.loss);
        return undefined;
      case 'executorBusy':
        user.executorBusy(message.executor, message.running, message.kept);
        return undefined;
      case 'executorAnswers':
        user.executorAnswers(message.executor);
        return undefined;
      case 'client': {
        const { client, port } = message;
        this.#clients.set(client, port);
        user.addClient(client);
        port.on('message', (flat: Flat) => user.fromClient(client, flat));
        return undefined;
      }
      default:
        return message;
    }
  }

  close(): void {
    for (const port of [...this.#clients.values(), ...this.#executors.values()]) port.close();
  }
}
