/** What a router keeps: of each request, client and session, and of what each partition has. */
import { appendFlat, type Flat } from '../tasks/messages.ts';
import type { RouterBody } from './router-out.ts';

/** Who leads a partition: `node` names a run of a node, this one or one that there may be a session with. */
export type PartitionLeader = { readonly node: string; readonly epoch: number };

export type RoutedPartition = {
  /** Of the newest epoch heard of. */
  leader: PartitionLeader | undefined;
  /** It leads now, as far as is heard. */
  there: boolean;
  readonly requests: Set<RoutedRequest>;
};

export const newPartition = (): RoutedPartition => ({ leader: undefined, there: false, requests: new Set() });

/** A client of this node. */
export type RoutedClient = {
  readonly kind: 'client';
  readonly number: number;
  /** As whom its requests are put to the node's own leaders. */
  readonly hostClient: number;
  /** By the client's numbers. */
  readonly requests: Map<number, RoutedRequest>;
  /** Gathered for the own leaders, and for the client. */
  asks: Flat;
  out: Flat;
};

/** A session with another node. */
export type RoutedPeer = {
  readonly kind: 'peer';
  readonly node: string;
  readonly hostClient: number;
  asks: Flat;
  answers: Flat;
  notLed: number[];
  /** One for each request in `asks`. */
  epochs: number[];
  /** In what was gathered. */
  chars: number;
};

export type RoutedRequest = {
  readonly client: RoutedClient;
  /** The client's number of it. */
  readonly request: number;
  readonly partition: RoutedPartition;
  /** As it is sent, with the ticket where the client's number was. */
  readonly message: Flat;
  /** 0: it is held. */
  ticket: number;
  /** Where it was sent last. */
  node: string;
  /** Sendings of which it is not known that they came to nothing. */
  copies: number;
  /** While it is held; else 0. */
  heldChars: number;
  /** Held until then, though there may be a leader. */
  dueMs: number;
  /** Of a follow: the state that was told last. */
  state: string;
};

/** About how much a part of a flat array takes, at least 1. */
export const charsOf = (flat: Flat): number => {
  let chars = flat.length;
  for (const field of flat) if (typeof field === 'string') chars += field.length;
  return chars;
};

export const newRequest = (
  client: RoutedClient,
  request: number,
  partition: RoutedPartition,
  message: Flat,
): RoutedRequest => ({
  client,
  request,
  partition,
  message,
  ticket: 0,
  node: '',
  copies: 0,
  heldChars: 0,
  dueMs: 0,
  state: '',
});

export const newPeer = (node: string, hostClient: number): RoutedPeer => ({
  kind: 'peer',
  node,
  hostClient,
  asks: [],
  answers: [],
  notLed: [],
  epochs: [],
  chars: 0,
});

/** `epoch`: the only one in which what is asked is to be taken; 0: any. */
export const gather = (peer: RoutedPeer, what: 'asks' | 'answers', message: Flat, epoch: number): void => {
  if (what === 'asks') peer.epochs.push(epoch);
  appendFlat(peer[what], message);
  peer.chars += charsOf(message);
};

/** What was gathered for it; undefined: nothing. */
export const takeBody = (peer: RoutedPeer): RouterBody | undefined => {
  const { asks, answers, notLed, epochs } = peer;
  if (asks.length + answers.length + notLed.length === 0) return undefined;
  Object.assign(peer, newPeer(peer.node, peer.hostClient));
  return [asks, answers, notLed, epochs];
};
