/**
 * Lets any node of a cluster answer any client: a request goes to whoever leads its partition, this node's own leaders or, over a
 * session (`node-link.ts`), those of another one, and again to the next leader if that one cannot answer it any more. A pure
 * state machine: it knows no promise, no clock and no I/O.
 *
 *   held ──(its partition has a leader that can be reached)──► sent, under a new ticket ──(reply)──► gone
 *    ▲                                                          │
 *    └── its session ended; its leader says that it does not lead; a newer leader, of the same node or of another
 *
 * - Q1: a client gets one reply to each request. While a leader is known and can be reached, nothing but what it says, or a newer
 *   epoch, moves a request on: one that is silent is the cluster's to replace.
 * - Q2: each sending of a request has a ticket of its own, under which alone its answers are taken. So nothing that an earlier
 *   leader says counts once a newer one was asked.
 * - Q3: news of an older epoch than the newest heard of changes nothing.
 * - Q4: what is sent again has its effect once, and a stream goes on behind the last line that was passed on
 *   (`repeatable-request.ts`).
 * - Q5: what waits for a leader is bounded. Only what was never sent is refused for that: of the rest a copy may have been taken.
 * - Q6: another node's requests are served by this node's own leaders or sent back, never passed on, so none goes in circles.
 * - Q7: what a node is asked is for one epoch, and sent back in any other: what a newer leader refuses, no earlier copy does later.
 *
 * What nodes say to each other must arrive once and in order while their session lasts.
 */
import { partitionOfRequest } from '../execution/state/intake.ts';
import { limits } from '../limits.ts';
import { clientMessageLength } from '../tasks/client-requests.ts';
import { appendFlat, type Flat, fromClient, toClient, toClientArity } from '../tasks/messages.ts';
import { encodeValue } from '../values/codec.ts';
import { ChangeAsks } from './change-asks.ts';
import { HeldRequests, tooManyHeld } from './held-requests.ts';
import { meantForNow } from './meant-for-now.ts';
import { giveUpOf, makeRepeatable, markRepeated, meaningOfRefusal, noteEvent } from './repeatable-request.ts';
import {
  gather,
  newPartition,
  newPeer,
  newRequest,
  type PartitionLeader,
  type RoutedClient,
  type RoutedPartition,
  type RoutedPeer,
  type RoutedRequest,
  takeBody,
} from './routed-request.ts';
import type { RouterBody, RouterOut } from './router-out.ts';

const answerLength = (flat: Flat, at: number): number => toClientArity[flat[at] as keyof typeof toClientArity] + 1;
const nothing = encodeValue(undefined);
const notices = { kind: 'notices' } as const;

export class RequestRouter {
  readonly #self: string;
  readonly #out: RouterOut;
  readonly #partitions: readonly RoutedPartition[];
  readonly #clients = new Map<number, RoutedClient>();
  readonly #peers = new Map<string, RoutedPeer>();
  readonly #hostClients = new Map<number, RoutedClient | RoutedPeer | typeof notices>();
  readonly #tickets = new Map<number, RoutedRequest>();
  readonly #held = new HeldRequests();
  /** Clients with something for the own leaders. */
  readonly #asking = new Set<RoutedClient>();
  readonly #notices = new ChangeAsks();
  #noticesClient = 0;
  #nextTicket = 1;
  #nextHostClient = 1;
  #nowMs = 0;
  #planned = false;

  /** `self` names this run of the node: one that is started anew has another name. */
  constructor(self: string, partitions: number, out: RouterOut) {
    this.#self = self;
    this.#out = out;
    this.#partitions = Array.from({ length: partitions }, newPartition);
  }

  /** Requests that have no answer yet; those that wait for a leader among them. */
  get pending(): { readonly all: number; readonly held: number } {
    return { all: this.#tickets.size + this.#held.count, held: this.#held.count };
  }

  addClient(number: number): void {
    const hostClient = this.#nextHostClient++;
    const client: RoutedClient = { kind: 'client', number, hostClient, requests: new Map(), asks: [], out: [] };
    this.#clients.set(number, client);
    this.#hostClients.set(hostClient, client);
    this.#out.addHostClient(hostClient);
  }

  /** It is gone: what it waited for is given up everywhere. */
  removeClient(number: number): void {
    const client = this.#clients.get(number);
    if (client === undefined) return;
    this.#clients.delete(number);
    for (const entry of [...client.requests.values()]) this.#giveUp(entry);
    client.asks = [];
    this.#asking.delete(client);
    this.#hostClients.delete(client.hostClient);
    this.#out.removeHostClient(client.hostClient);
    this.#notices.forget(number);
    this.#askForNotices();
  }

  /** Requests of a client of this node. */
  fromClient(number: number, flat: Flat): void {
    const client = this.#clients.get(number);
    if (client === undefined) return;
    for (let at = 0, length = 0; at < flat.length; at += length) {
      length = clientMessageLength(flat, at);
      const request = flat[at + 1] as number;
      if (flat[at] === fromClient.changes) {
        this.#notices.ask(number, request, flat[at + 2] === 1);
        this.#askForNotices();
      } else if (flat[at] === fromClient.giveUp) {
        const entry = client.requests.get(request);
        if (entry !== undefined) this.#giveUp(entry);
      } else if (!client.requests.has(request)) this.#take(client, request, flat, at, length);
    }
    this.#flush();
  }

  #take(client: RoutedClient, request: number, flat: Flat, at: number, length: number): void {
    const partition = this.#partitions[partitionOfRequest(flat, at, this.#partitions.length)] as RoutedPartition;
    const reached = this.#canReach(partition);
    // Q5
    if (!reached && this.#held.full) {
      this.#tell(client, [toClient.reply, request, 0, tooManyHeld]);
      return;
    }
    const entry = newRequest(client, request, partition, flat.slice(at, at + length));
    makeRepeatable(entry.message, () => `${this.#self}.${this.#nextTicket++}`);
    client.requests.set(request, entry);
    partition.requests.add(entry);
    if (reached) this.#send(entry);
    else this.#hold(entry);
  }

  /** Answers of this node's own leaders to one of the router's host clients. */
  fromHost(hostClient: number, flat: Flat): void {
    const whose = this.#hostClients.get(hostClient);
    if (whose?.kind === 'peer') {
      for (let at = 0, length = 0; at < flat.length; at += length) {
        length = answerLength(flat, at);
        this.#gather(whose, 'answers', flat.slice(at, at + length));
      }
      return;
    }
    // What comes late for one that is gone bears numbers that are not ours.
    if (whose === undefined) return;
    this.#takeAnswers(flat);
    if (whose.kind === 'client') this.#post(whose);
  }

  /** This node's own leaders do not lead the partition of that request, for now. */
  notLed(hostClient: number, request: number): void {
    const whose = this.#hostClients.get(hostClient);
    if (whose?.kind === 'peer') {
      whose.notLed.push(request);
      this.#plan();
    } else if (whose !== undefined) this.#sentBack(request);
  }

  /** What the run of another node says over the session with it. */
  fromPeer(node: string, [asks, answers, notLed, epochs]: RouterBody): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    this.#takeAnswers(answers);
    for (const ticket of notLed) this.#sentBack(ticket);
    // Q6, Q7
    const { taken, late } = meantForNow(asks, epochs, this.#partitions.length, (number) => this.#out.epochOf(number));
    peer.notLed.push(...late);
    if (late.length > 0) this.#plan();
    if (taken.length > 0) this.#out.toHost(peer.hostClient, taken);
  }

  /** What the newest heartbeats say; undefined: nobody is heard that leads it. Cheap where nothing has changed. */
  leader(number: number, leader: PartitionLeader | undefined): void {
    const partition = this.#partitions[number];
    if (partition === undefined) return;
    const { leader: known, there } = partition;
    if (leader === undefined) {
      partition.there = false;
      return;
    }
    // Q3
    if (known !== undefined && leader.epoch < known.epoch) return;
    partition.there = true;
    const changed = leader.epoch !== known?.epoch || leader.node !== known.node;
    if (changed) partition.leader = leader;
    else if (there) return;
    // One that was deposed after it took a request never answers it.
    for (const entry of partition.requests) if (changed || entry.ticket === 0) this.#send(entry);
    this.#flush();
  }

  /** There is a session with the run of another node. */
  peerUp(node: string): void {
    this.peerDown(node);
    const peer = newPeer(node, this.#nextHostClient++);
    this.#peers.set(node, peer);
    this.#hostClients.set(peer.hostClient, peer);
    this.#out.addHostClient(peer.hostClient);
    const { ticket } = this.#notices;
    if (ticket !== 0) this.#gather(peer, 'asks', [fromClient.changes, ticket, 1]);
    for (const partition of this.#partitions)
      if (partition.leader?.node === node)
        for (const entry of partition.requests) if (entry.ticket === 0) this.#send(entry);
  }

  /** The session has ended. */
  peerDown(node: string): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    this.#peers.delete(node);
    this.#hostClients.delete(peer.hostClient);
    this.#out.removeHostClient(peer.hostClient);
    for (const partition of this.#partitions)
      if (partition.leader?.node === node) for (const entry of partition.requests) this.#hold(entry);
  }

  /** Sends what was gathered: one body to each peer, one array to each client. */
  turn(): void {
    this.#planned = false;
    for (const peer of this.#peers.values()) this.#postPeer(peer);
    for (const { client, request } of this.#notices.takeDue()) {
      const to = this.#clients.get(client);
      if (to !== undefined) appendFlat(to.out, [toClient.event, request, '']);
    }
    for (const client of this.#clients.values()) this.#post(client);
  }

  /** To be called about every `linkTickMs`, by a clock that does not go back. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const entry of this.#held.takeDue(nowMs)) this.#send(entry);
    this.#flush();
  }

  #canReach({ leader, there }: RoutedPartition): boolean {
    return there && leader !== undefined && (leader.node === this.#self || this.#peers.has(leader.node));
  }

  /** To the newest leader, under a new ticket; held where that cannot be reached. */
  #send(entry: RoutedRequest): void {
    const { client, partition, message } = entry;
    this.#abandon(entry);
    if (!this.#canReach(partition)) {
      this.#hold(entry);
      return;
    }
    this.#held.remove(entry);
    this.#tickets.delete(entry.ticket);
    entry.ticket = this.#nextTicket++;
    this.#tickets.set(entry.ticket, entry);
    message[1] = entry.ticket;
    const { node, epoch } = partition.leader as PartitionLeader;
    entry.node = node;
    const peer = this.#peers.get(entry.node);
    if (entry.copies > 0 || peer !== undefined) markRepeated(message);
    entry.copies++;
    if (peer === undefined) this.#askHost(client, message);
    else this.#gather(peer, 'asks', message, epoch);
  }

  #askHost(client: RoutedClient, message: Flat): void {
    appendFlat(client.asks, message);
    this.#asking.add(client);
  }

  /** Nothing that comes of its sendings counts any more. */
  #hold(entry: RoutedRequest): void {
    this.#tickets.delete(entry.ticket);
    entry.ticket = 0;
    this.#held.add(entry);
  }

  #holdFor(entry: RoutedRequest, ms: number): void {
    this.#hold(entry);
    this.#held.addUntil(entry, this.#nowMs + ms);
  }

  #sentBack(ticket: number): void {
    const entry = this.#tickets.get(ticket);
    if (entry === undefined) return;
    entry.copies--;
    this.#holdFor(entry, limits.notLedRetryMs);
  }

  #remove(entry: RoutedRequest): void {
    this.#held.remove(entry);
    this.#tickets.delete(entry.ticket);
    entry.partition.requests.delete(entry);
    entry.client.requests.delete(entry.request);
  }

  #giveUp(entry: RoutedRequest): void {
    this.#abandon(entry);
    this.#remove(entry);
  }

  /** Its answer is wanted no more from where it is now: that may yet take it, and lead again by then. */
  #abandon(entry: RoutedRequest): void {
    const giveUp = entry.ticket === 0 ? undefined : giveUpOf(entry.message);
    if (giveUp === undefined) return;
    const peer = this.#peers.get(entry.node);
    if (entry.node === this.#self) this.#askHost(entry.client, giveUp);
    else if (peer !== undefined) this.#gather(peer, 'asks', giveUp);
  }

  #takeAnswers(flat: Flat): void {
    for (let at = 0; at < flat.length; at += answerLength(flat, at)) {
      const ticket = flat[at + 1] as number;
      // Q2
      const entry = this.#tickets.get(ticket);
      if (entry === undefined) {
        if (this.#notices.told(ticket)) this.#plan();
      } else if (flat[at] === toClient.event) this.#event(entry, flat[at + 2] as string);
      else this.#reply(entry, flat[at + 2] as number, flat[at + 3] as string);
    }
  }

  #event(entry: RoutedRequest, text: string): void {
    const { client, request } = entry;
    const what = noteEvent(entry.message, text, entry.state);
    if (what === 'repeated') return;
    if (what === 'state') entry.state = text;
    this.#tell(client, [toClient.event, request, text]);
    if (what !== 'last') return;
    // Asked again, another leader would say all of that once more.
    this.#tell(client, [toClient.reply, request, 1, nothing]);
    this.#remove(entry);
  }

  #reply(entry: RoutedRequest, ok: number, text: string): void {
    const meaning = ok === 0 && entry.copies > 1 ? meaningOfRefusal(entry.message, text) : undefined;
    if (typeof meaning === 'number') {
      entry.copies--;
      this.#holdFor(entry, meaning);
      return;
    }
    this.#tell(entry.client, [toClient.reply, entry.request, ...(meaning === 'done' ? [1, nothing] : [ok, text])]);
    this.#remove(entry);
  }

  /** Asks all nodes for notices once somebody wants them, and no more once nobody does. */
  #askForNotices(): void {
    const { wanted, ticket } = this.#notices;
    if (wanted === (ticket !== 0)) return;
    if (wanted) {
      this.#notices.ticket = this.#nextTicket++;
      this.#noticesClient = this.#nextHostClient++;
      this.#hostClients.set(this.#noticesClient, notices);
      this.#out.addHostClient(this.#noticesClient);
      this.#out.toHost(this.#noticesClient, [fromClient.changes, this.#notices.ticket, 1]);
    } else {
      this.#notices.ticket = 0;
      this.#hostClients.delete(this.#noticesClient);
      this.#out.removeHostClient(this.#noticesClient);
    }
    const message = [fromClient.changes, ticket || this.#notices.ticket, wanted ? 1 : 0];
    for (const peer of this.#peers.values()) this.#gather(peer, 'asks', message);
  }

  #tell(client: RoutedClient, message: Flat): void {
    appendFlat(client.out, message);
    this.#plan();
  }

  #gather(peer: RoutedPeer, what: 'asks' | 'answers', message: Flat, epoch = 0): void {
    gather(peer, what, message, epoch);
    if (peer.chars > limits.linkBodyChars) this.#postPeer(peer);
    else this.#plan();
  }

  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    this.#out.plan();
  }

  /** To the own leaders. */
  #flush(): void {
    for (const client of this.#asking) {
      const { asks } = client;
      client.asks = [];
      this.#asking.delete(client);
      this.#out.toHost(client.hostClient, asks);
    }
  }

  #post(client: RoutedClient): void {
    if (client.out.length === 0) return;
    const { out } = client;
    client.out = [];
    this.#out.toClient(client.number, out);
  }

  #postPeer(peer: RoutedPeer): void {
    const body = takeBody(peer);
    if (body !== undefined) this.#out.toPeer(peer.node, body);
  }
}
