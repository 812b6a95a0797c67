/**
 * Carries work between the leaders and the executors of different nodes (DESIGN section 5): every executor of every node is
 * known to the leaders of every other as if it were its own. Leaders hand out work, executors report, each over a session with
 * the other node (`node-link.ts`).
 *
 * W1  Another node's executor has a number of its own here for each session; what comes of an ended session is never taken
 *     for that of a new one.
 * W2  A new leader of a partition waits for `met` before it asks who runs what: then the executors of every other node are known
 *     here, and all of them are asked (scenario T2).
 * W3  When a session ends, its executors are lost to the leaders here, and the leaders there to the executors here: what was
 *     granted is given to others, and what still runs may be taken over by a new leader.
 * W4  What nobody waits for (that a task has begun, that reports are durable) goes before the next message to that node, or with the
 *     next tick. It keeps its place: nothing overtakes it.
 */
import { pack, unpack } from 'msgpackr';
import type { Bus } from '../engine/engine.ts';
import type { AttemptName } from '../execution/executor/control.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { Loss } from '../tasks/grant.ts';
import { type Flat, isUnhurriedReport, isUnhurriedWord } from '../tasks/messages.ts';
import { type LinkMessage, NodeLink } from './node-link.ts';
import type { RouterBody } from './router-out.ts';

/** The leaders of this node. */
export type Leaders = {
  /** `away`: which of its functions are to run elsewhere, if they can. */
  readonly addExecutor: (executor: number, names: readonly string[], away: readonly string[], fresh: boolean) => void;
  readonly removeExecutor: (executor: number, guilty: AttemptName | undefined, loss: Loss) => void;
  readonly removeExecutors: (executors: readonly number[], what: string | undefined) => void;
  readonly executorBusy: (executor: number, running: AttemptName | undefined, kept: boolean) => void;
  readonly executorAnswers: (executor: number) => void;
  readonly fromExecutor: (executor: number, flat: Flat) => void;
};

/** The executors of this node; a *peer* is a node whose leaders they report to. Those of their own node are peer 0 from the first. */
export type Executors = {
  readonly addPeer: (executor: number, peer: number) => void;
  readonly dropPeer: (executor: number, peer: number) => void;
  readonly receive: (executor: number, peer: number, flat: Flat) => void;
};

/** Who speaks for the clients of this node with those who lead elsewhere: a `RequestRouter`. It says what it has by `sendRequests`. */
export type RequestPeers = {
  readonly peerUp: (node: string) => void;
  readonly peerDown: (node: string) => void;
  readonly fromPeer: (node: string, body: RouterBody) => void;
  /** About every `linkTickMs`, by a clock that does not go back. */
  readonly tick: (nowMs: number) => void;
};

/** Older nodes do not say what is to run elsewhere. */
type SaidExecutor = readonly [executor: number, names: readonly string[], away?: readonly string[]];

/** What is said over a session. Executors are named by their node's own numbers. */
export type WorkBody =
  /** The first: all executors that its node has. */
  | readonly ['all', executors: readonly SaidExecutor[]]
  | readonly ['add', ...SaidExecutor]
  | readonly ['gone', executor: number, guilty: AttemptName | null, loss: Loss]
  | readonly ['busy', executor: number, running: AttemptName | null]
  | readonly ['answers', executor: number]
  /** From an executor to a leader, and back. */
  | readonly ['up', executor: number, flat: Flat]
  | readonly ['down', executor: number, flat: Flat]
  /** Of clients, from one router to another. */
  | readonly ['requests', body: RouterBody];

type Peer = {
  readonly node: string;
  readonly link: NodeLink;
  /** How executors here call this session; executors there by their numbers here. */
  number: number;
  readonly executors: Map<number, number>;
  /** What waits for the next message or tick (W4). */
  unsaid: WorkBody[];
  /** Its executors are known here, or it was waited for long enough. */
  met: boolean;
  readonly addedAtMs: number;
};

/** Over a session: one, or several that go together. */
const bodiesOf = (said: WorkBody | readonly WorkBody[]): readonly WorkBody[] =>
  typeof said[0] === 'string' ? [said as WorkBody] : (said as readonly WorkBody[]);

/** Numbers of other nodes' executors begin here. */
const foreignFrom = 2 ** 20;

const subjectOf = (node: string): string => `work/${node}`;

export class WorkRelay {
  readonly #node: string;
  readonly #bus: Bus;
  readonly #env: Env;
  readonly #leaders: Leaders;
  readonly #executors: Executors;
  readonly #requests: RequestPeers | undefined;
  readonly #own = new Map<number, SaidExecutor>();
  readonly #peers = new Map<string, Peer>();
  readonly #peerOfNumber = new Map<number, Peer>();
  /** Whose a foreign number is: its node, and its number there. */
  readonly #foreign = new Map<number, readonly [peer: Peer, executor: number]>();
  readonly #stopListening: () => void;
  #nextForeign = foreignFrom;
  /** 0 is this node's own leaders. */
  #nextPeer = 1;
  #nextSession = 1;
  #cancelTick: () => void = () => undefined;
  #closed = false;
  readonly #waiting: (() => void)[] = [];

  /** `node` names this process: one that is started anew has another name. */
  constructor(node: string, bus: Bus, env: Env, leaders: Leaders, executors: Executors, requests?: RequestPeers) {
    this.#node = node;
    this.#bus = bus;
    this.#env = env;
    this.#leaders = leaders;
    this.#executors = executors;
    this.#requests = requests;
    this.#stopListening = bus.subscribe(subjectOf(node), (bytes) => this.#receive(bytes));
    this.#tick();
  }

  /** Those that were added. */
  get nodes(): readonly string[] {
    return [...this.#peers.keys()];
  }

  /** Another process of the cluster. */
  addNode(node: string): void {
    if (node === this.#node || this.#peers.has(node) || this.#closed) return;
    const addedAtMs = this.#env.clock.monotonic();
    const link = new NodeLink(() => this.#nextSession++, addedAtMs);
    this.#peers.set(node, { node, link, number: 0, executors: new Map(), unsaid: [], met: false, addedAtMs });
  }

  /** It has ended, or is none of the cluster's any more. `crashed`: how, where its tasks may be to blame. */
  removeNode(node: string, crashed?: string): void {
    const peer = this.#peers.get(node);
    if (peer === undefined) return;
    this.#peers.delete(node);
    this.#lookWhoIsMet();
    if (peer.link.up) this.#down(peer, crashed);
  }

  /** Settles when every node that was added has said which executors it has, or has kept silent for `linkSilenceMs`. */
  async met(): Promise<void> {
    if ([...this.#peers.values()].every(({ met }) => met)) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #lookWhoIsMet(): void {
    const nowMs = this.#env.clock.monotonic();
    for (const peer of this.#peers.values())
      if (nowMs - peer.addedAtMs > limits.linkSilenceMs) peer.met = true;
      else if (!peer.met) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** An executor of this node has loaded its app. */
  addExecutor(executor: number, names: readonly string[], away: readonly string[] = []): void {
    this.#own.set(executor, [executor, names, away]);
    this.#leaders.addExecutor(executor, names, away, true);
    for (const peer of this.#peers.values())
      if (peer.link.up) {
        this.#say(peer, ['add', executor, names, away]);
        this.#executors.addPeer(executor, peer.number);
      }
  }

  removeExecutor(executor: number, guilty: AttemptName | undefined, loss: Loss): void {
    if (!this.#own.delete(executor)) return;
    this.#leaders.removeExecutor(executor, guilty, loss);
    this.#sayAll(['gone', executor, guilty ?? null, loss]);
  }

  executorBusy(executor: number, running: AttemptName | undefined, kept: boolean): void {
    this.#leaders.executorBusy(executor, running, kept);
    this.#sayAll(['busy', executor, running ?? null]);
  }

  executorAnswers(executor: number): void {
    this.#leaders.executorAnswers(executor);
    this.#sayAll(['answers', executor]);
  }

  /** From an executor here to the leaders that it knows as `peer`. */
  fromExecutor(executor: number, peer: number, flat: Flat): void {
    if (peer === 0) this.#leaders.fromExecutor(executor, flat);
    else {
      const to = this.#peerOfNumber.get(peer);
      if (to !== undefined) this.#say(to, ['up', executor, flat], isUnhurriedReport(flat));
    }
  }

  /** From a leader here to an executor, wherever it is. */
  toExecutor(executor: number, flat: Flat): void {
    const foreign = this.#foreign.get(executor);
    if (foreign === undefined) this.#executors.receive(executor, 0, flat);
    else this.#say(foreign[0], ['down', foreign[1], flat], isUnhurriedWord(flat));
  }

  close(): void {
    this.#closed = true;
    this.#cancelTick();
    this.#stopListening();
    this.#peers.clear();
  }

  #tick(): void {
    this.#cancelTick = this.#env.timers.after(limits.linkTickMs, () => {
      const nowMs = this.#env.clock.monotonic();
      for (const peer of [...this.#peers.values()]) {
        if (peer.unsaid.length > 0) this.#send(peer);
        peer.link.tick(nowMs);
        this.#perform(peer);
      }
      this.#lookWhoIsMet();
      this.#requests?.tick(nowMs);
      this.#tick();
    });
  }

  #receive(bytes: Uint8Array): void {
    const [from, mine, yours, seq, ack, body] = unpack(bytes) as [string, ...number[], Uint8Array | null];
    const peer = this.#peers.get(from);
    if (peer === undefined) return;
    const message = { mine, yours, seq, ack, body: body ?? undefined } as LinkMessage;
    peer.link.receive(message, this.#env.clock.monotonic());
    this.#perform(peer);
  }

  #perform(peer: Peer): void {
    for (let effects = peer.link.takeEffects(); effects.length > 0; effects = peer.link.takeEffects())
      for (const effect of effects) {
        switch (effect.kind) {
          case 'post': {
            const { mine, yours, seq, ack, body } = effect.message;
            this.#bus.publish(subjectOf(peer.node), pack([this.#node, mine, yours, seq, ack, body ?? null]));
            break;
          }
          case 'up':
            this.#up(peer);
            break;
          case 'down':
            this.#down(peer, undefined);
            break;
          case 'deliver':
            for (const body of bodiesOf(unpack(effect.body))) this.#deliver(peer, body);
            break;
          default:
            effect satisfies never;
        }
      }
  }

  #up(peer: Peer): void {
    peer.number = this.#nextPeer++;
    this.#peerOfNumber.set(peer.number, peer);
    this.#say(peer, ['all', [...this.#own.values()]]);
    for (const executor of this.#own.keys()) this.#executors.addPeer(executor, peer.number);
    this.#env.events.emit('link.up', { node: peer.node });
    this.#requests?.peerUp(peer.node);
  }

  /** `what`: how its process ended, where its tasks may be to blame. */
  #down(peer: Peer, what: string | undefined): void {
    this.#env.events.emit('link.down', { node: peer.node });
    this.#peerOfNumber.delete(peer.number);
    for (const executor of this.#own.keys()) this.#executors.dropPeer(executor, peer.number);
    const numbers = [...peer.executors.values()];
    peer.executors.clear();
    peer.unsaid = [];
    for (const number of numbers) this.#foreign.delete(number);
    this.#leaders.removeExecutors(numbers, what);
    this.#requests?.peerDown(peer.node);
  }

  #deliver(peer: Peer, body: WorkBody): void {
    if (body[0] === 'all') {
      for (const said of body[1]) this.#add(peer, said);
      peer.met = true;
      this.#lookWhoIsMet();
      return;
    }
    if (body[0] === 'requests') {
      this.#requests?.fromPeer(peer.node, body[1]);
      return;
    }
    if (body[0] === 'add') {
      const [, ...said] = body;
      this.#add(peer, said);
      return;
    }
    const [kind, executor] = body;
    if (kind === 'down') {
      if (this.#own.has(executor)) this.#executors.receive(executor, peer.number, body[2]);
      return;
    }
    const number = peer.executors.get(executor);
    if (number === undefined) return;
    switch (kind) {
      case 'gone':
        peer.executors.delete(executor);
        this.#foreign.delete(number);
        this.#leaders.removeExecutor(number, body[2] ?? undefined, body[3]);
        break;
      case 'busy':
        // Nobody sends it canaries from here.
        this.#leaders.executorBusy(number, body[2] ?? undefined, false);
        break;
      case 'answers':
        this.#leaders.executorAnswers(number);
        break;
      case 'up':
        this.#leaders.fromExecutor(number, body[2]);
        break;
      default:
        kind satisfies never;
    }
  }

  #add(peer: Peer, [executor, names, away = []]: SaidExecutor): void {
    const number = this.#nextForeign++;
    peer.executors.set(executor, number);
    this.#foreign.set(number, [peer, executor]);
    this.#leaders.addExecutor(number, names, away, false);
  }

  /** To the router of another node; nothing is sent where there is no session with it. */
  sendRequests(node: string, body: RouterBody): void {
    const peer = this.#peers.get(node);
    if (peer?.link.up === true) this.#say(peer, ['requests', body]);
  }

  #sayAll(body: WorkBody): void {
    for (const peer of this.#peers.values()) if (peer.link.up) this.#say(peer, body);
  }

  #say(peer: Peer, body: WorkBody, unhurried = false): void {
    peer.unsaid.push(body);
    if (!unhurried) this.#send(peer);
  }

  #send(peer: Peer): void {
    const { unsaid } = peer;
    peer.unsaid = [];
    peer.link.send(pack(unsaid.length === 1 ? unsaid[0] : unsaid), this.#env.clock.monotonic());
    this.#perform(peer);
  }
}
