/** Whom a router speaks to. */
import type { Flat } from '../tasks/messages.ts';

/**
 * What one node says to another: requests, answers to the other's, tickets of the other's that it has no leader for, and of each
 * request the epoch that it is for (0: of one that changes nothing, any).
 */
export type RouterBody = readonly [asks: Flat, answers: Flat, notLed: readonly number[], epochs: readonly number[]];

export interface RouterOut {
  /**
   * To this node's own leaders, as messages of one of the router's host clients (`StateHost.fromClient`). Taken within the call,
   * in which `notLed` may be called: one that waited longer could be taken by a later leadership than it was meant for (Q7).
   */
  toHost(hostClient: number, flat: Flat): void;
  /** The epoch in which this node leads a partition; 0: it does not. */
  epochOf(partition: number): number;
  addHostClient(hostClient: number): void;
  /** Nothing more of it is to come; what it waited for is given up. */
  removeHostClient(hostClient: number): void;
  /** Over the session with another node; only while that is up. */
  toPeer(node: string, body: RouterBody): void;
  toClient(client: number, flat: Flat): void;
  /** Something was gathered: call `turn` soon. */
  plan(): void;
}
