/** Whom a router speaks to. */
import type { Flat } from '../tasks/messages.ts';

/** What one node says to another: requests, answers to the other's, and tickets of the other's that it has no leader for. */
export type RouterBody = readonly [asks: Flat, answers: Flat, notLed: readonly number[]];

export interface RouterOut {
  /** To this node's own leaders, as messages of one of the router's host clients (`StateHost.fromClient`). May call `notLed` at once. */
  toHost(hostClient: number, flat: Flat): void;
  addHostClient(hostClient: number): void;
  /** Nothing more of it is to come; what it waited for is given up. */
  removeHostClient(hostClient: number): void;
  /** Over the session with another node; only while that is up. */
  toPeer(node: string, body: RouterBody): void;
  toClient(client: number, flat: Flat): void;
  /** Something was gathered: call `turn` soon. */
  plan(): void;
}
