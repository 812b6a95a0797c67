/**
 * Routers of several nodes over hosts that are as simple as can be: each partition has one true state, which only its true leader
 * reads and changes; one that was deposed and does not know takes requests and never answers. Sessions are queues that end at one
 * side before the other. Whatever happens, happens when a test says so; what must never be is noted in `wrongs`.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { partitionOfRequest } from '../execution/state/intake.ts';
import { clientMessageLength } from '../tasks/client-requests.ts';
import { type Flat, fromClient, toClient, toClientArity } from '../tasks/messages.ts';
import { encodeError } from '../values/codec.ts';
import { RequestRouter } from './request-router.ts';
import type { RouterBody } from './router-out.ts';

export type ModelTask = {
  state: 'alive' | 'completed' | 'cancelled';
  lines: number;
  readonly retries: Set<string>;
  /** How often it was run again. */
  retried: number;
};

type TruePartition = {
  leader: number;
  epoch: number;
  /** All leaders there ever were. */
  readonly history: { readonly node: string; readonly epoch: number }[];
  readonly tasks: Map<string, ModelTask>;
  /** Starts that some leader has taken when it led. */
  readonly taken: Set<string>;
};

type Waiting = { readonly hostClient: number; readonly request: number; readonly id: string; readonly from?: number };

/** What a host has of a partition that it leads, or believes it leads. */
type Led = { readonly epoch: number; waiting: Waiting[] };

const pageLines = 3;

class HostModel {
  readonly led = new Map<number, Led>();
  readonly clients = new Set<number>();
  readonly notices = new Map<number, Set<number>>();
  readonly outbox: { readonly hostClient: number; readonly flat: Flat }[] = [];
  overloaded = false;
}

type Side = { up: boolean; readonly inbox: RouterBody[] };

export class RoutersWorld {
  readonly wrongs: string[] = [];
  readonly partitions: TruePartition[];
  readonly hosts: HostModel[] = [];
  readonly routers: RequestRouter[] = [];
  readonly planned = new Set<number>();
  /** By node, what it has for clients. */
  readonly told: { readonly node: number; readonly client: number; readonly flat: Flat }[] = [];
  /** The newest epoch each router has been told of, by node and partition. */
  readonly knows: number[][];
  readonly #sides = new Map<string, Side>();
  nowMs = 0;

  constructor(nodes: number, partitions: number) {
    this.partitions = Array.from({ length: partitions }, () => ({
      leader: -1,
      epoch: 0,
      history: [],
      tasks: new Map(),
      taken: new Set(),
    }));
    this.knows = Array.from({ length: nodes }, () => Array.from({ length: partitions }, () => 0));
    for (let node = 0; node < nodes; node++) {
      const host = new HostModel();
      this.hosts.push(host);
      this.routers.push(
        new RequestRouter(nameOf(node), partitions, {
          toHost: (hostClient, flat) => {
            if (!host.clients.has(hostClient)) this.wrongs.push(`host client ${hostClient} was not added`);
            this.#hostTakes(node, hostClient, structuredClone(flat));
          },
          epochOf: (partition) => host.led.get(partition)?.epoch ?? 0,
          addHostClient: (hostClient) => host.clients.add(hostClient),
          removeHostClient: (hostClient) => {
            host.clients.delete(hostClient);
            host.notices.delete(hostClient);
            for (const led of host.led.values())
              led.waiting = led.waiting.filter((each) => each.hostClient !== hostClient);
          },
          toPeer: (to, body) => {
            if (!this.#side(node, numberOf(to)).up) this.wrongs.push(`${nameOf(node)} has no session with ${to}`);
            // What is sent after the other side has ended its session arrives nowhere.
            const other = this.#side(numberOf(to), node);
            if (other.up) other.inbox.push(structuredClone(body));
          },
          toClient: (client, flat) => this.told.push({ node, client, flat }),
          plan: () => this.planned.add(node),
        }),
      );
    }
  }

  #side(own: number, other: number): Side {
    const name = `${own} ${other}`;
    let side = this.#sides.get(name);
    if (side === undefined) {
      side = { up: false, inbox: [] };
      this.#sides.set(name, side);
    }
    return side;
  }

  turns(): void {
    for (const node of this.planned) {
      this.planned.delete(node);
      this.routers[node]?.turn();
    }
  }

  /** A session begins, unless one side still has the last one. */
  meet(one: number, other: number): void {
    const sides = [this.#side(one, other), this.#side(other, one)] as const;
    if (one === other || sides.some(({ up }) => up)) return;
    for (const side of sides) {
      side.up = true;
      side.inbox.length = 0;
    }
    this.routers[one]?.peerUp(nameOf(other));
    this.routers[other]?.peerUp(nameOf(one));
  }

  /** A session ends, at this side of it. */
  part(own: number, other: number): void {
    const side = this.#side(own, other);
    if (!side.up) return;
    side.up = false;
    side.inbox.length = 0;
    this.routers[own]?.peerDown(nameOf(other));
  }

  deliver(own: number, other: number): void {
    const body = this.#side(own, other).inbox.shift();
    if (body !== undefined) this.routers[own]?.fromPeer(nameOf(other), body);
  }

  /** A node begins to lead; whoever led before does not know yet. */
  claim(node: number, number: number): void {
    const partition = this.partitions[number] as TruePartition;
    partition.leader = node;
    partition.epoch++;
    const leadership = { node: nameOf(node), epoch: partition.epoch };
    partition.history.push(leadership);
    this.hosts[node]?.led.set(number, { epoch: partition.epoch, waiting: [] });
    this.#learns(node, number, leadership);
  }

  /** A node finds out that it leads no more. */
  deposed(node: number, number: number): void {
    const { leader, epoch } = this.partitions[number] as TruePartition;
    const led = this.hosts[node]?.led.get(number);
    if (led !== undefined && (leader !== node || led.epoch !== epoch)) this.hosts[node]?.led.delete(number);
  }

  /** A heartbeat says who leads, or did some time ago; of `back` 0 the newest. */
  hears(node: number, number: number, back: number): void {
    const { history } = this.partitions[number] as TruePartition;
    this.#learns(node, number, history[history.length - 1 - back]);
  }

  #learns(node: number, number: number, leadership: { readonly node: string; readonly epoch: number } | undefined) {
    const known = this.knows[node] as number[];
    known[number] = Math.max(known[number] as number, leadership?.epoch ?? 0);
    this.routers[node]?.leader(number, leadership);
  }

  #hostTakes(node: number, hostClient: number, flat: Flat): void {
    const host = this.hosts[node] as HostModel;
    for (let at = 0; at < flat.length; at += clientMessageLength(flat, at)) {
      const message = flat.slice(at, at + clientMessageLength(flat, at));
      if (message[0] === fromClient.changes) {
        if (message[2] === 1 && host.clients.has(hostClient))
          host.notices.set(hostClient, new Set([message[1] as number]));
        else host.notices.delete(hostClient);
        continue;
      }
      const number = partitionOfRequest(message, 0, this.partitions.length);
      const led = host.led.get(number);
      if (led !== undefined) this.#serve(node, number, led, hostClient, message);
      else if (message[0] !== fromClient.giveUp) this.routers[node]?.notLed(hostClient, message[1] as number);
    }
  }

  hostAnswers(node: number): void {
    const next = this.hosts[node]?.outbox.shift();
    if (next !== undefined) this.routers[node]?.fromHost(next.hostClient, next.flat);
  }

  #serve(node: number, number: number, led: Led, hostClient: number, message: Flat): void {
    const host = this.hosts[node] as HostModel;
    const { leader, epoch, tasks, taken } = this.partitions[number] as TruePartition;
    const isTrue = leader === node && epoch === led.epoch;
    const [op, request, id] = message as [number, number, string];
    const say = (flat: Flat): void => {
      if (host.clients.has(hostClient)) host.outbox.push({ hostClient, flat });
    };
    const reply = (ok: 0 | 1, text: string): void => say([toClient.reply, request, ok, text]);
    const wait = (more: Partial<Waiting> = {}): void => {
      if (host.clients.has(hostClient)) led.waiting.push({ hostClient, request, id, ...more });
    };
    const refuse = (code: 'OVERLOADED' | 'TASK_NOT_FOUND' | 'TASK_STATE'): void =>
      reply(0, encodeError(new TuttiError(code, 'no', { details: { retryMs: 20, epoch: led.epoch } })));
    const done = `{"epoch":${led.epoch}}`;
    if (op === fromClient.start) {
      if (host.overloaded) {
        if (isTrue) refuse('OVERLOADED');
        return;
      }
      // What a leader that was deposed takes comes to nothing, whatever it says of itself.
      if (isTrue && taken.has(id) && message[9] !== 1)
        this.wrongs.push(`a repeat of the start of ${id} does not say so`);
      if (isTrue) taken.add(id);
    }
    // It may have taken what it was asked for, and never says anything.
    if (!isTrue) return;
    if (op === fromClient.start && !tasks.has(id))
      tasks.set(id, { state: 'alive', lines: 0, retries: new Set(), retried: 0 });
    const task = tasks.get(id);
    switch (op) {
      case fromClient.list:
      case fromClient.status:
        reply(1, done);
        break;
      case fromClient.start:
        if (message[8] !== 1 || task?.state !== 'alive') reply(1, done);
        else wait();
        break;
      case fromClient.wait:
        if (task === undefined) refuse('TASK_NOT_FOUND');
        else if (task.state === 'alive') wait();
        else reply(1, done);
        break;
      case fromClient.cancel:
        if (task === undefined) refuse('TASK_NOT_FOUND');
        else if (task.state === 'completed') refuse('TASK_STATE');
        else {
          this.ends(number, id, 'cancelled');
          reply(1, done);
        }
        break;
      case fromClient.retry: {
        const name = message[3] as string;
        if (task === undefined) refuse('TASK_NOT_FOUND');
        else if (task.retries.has(name)) reply(1, done);
        else if (task.state !== 'cancelled') refuse('TASK_STATE');
        else {
          task.retries.add(name);
          task.retried++;
          task.state = 'alive';
          reply(1, done);
        }
        break;
      }
      case fromClient.follow: {
        if (task === undefined) {
          refuse('TASK_NOT_FOUND');
          break;
        }
        const from = message[3] as number;
        const flat: Flat = [toClient.event, request, stateText(task, led.epoch)];
        const next = Math.max(from, Math.min(task.lines, from + pageLines));
        for (let index = from; index < next; index++) flat.push(toClient.event, request, lineText(index, led.epoch));
        if (next < task.lines) flat.push(toClient.reply, request, 1, `${next}`);
        else if (task.state === 'alive') wait({ from });
        else flat.push(toClient.event, request, finishedText(led.epoch), toClient.reply, request, 1, done);
        say(flat);
        break;
      }
      case fromClient.giveUp:
        led.waiting = led.waiting.filter((each) => each.hostClient !== hostClient || each.request !== request);
        break;
      default:
        this.wrongs.push(`op ${op}`);
    }
  }

  /** Of the true leader of a partition. */
  #tell(number: number, id: string, tells: (each: Waiting, epoch: number) => Flat | undefined): Led | undefined {
    const { leader } = this.partitions[number] as TruePartition;
    const host = this.hosts[leader];
    const led = host?.led.get(number);
    for (const each of led?.waiting ?? []) {
      const flat = each.id === id && led !== undefined ? tells(each, led.epoch) : undefined;
      if (flat !== undefined) host?.outbox.push({ hostClient: each.hostClient, flat });
    }
    for (const [hostClient, requests] of host?.notices ?? [])
      for (const request of requests) host?.outbox.push({ hostClient, flat: [toClient.event, request, ''] });
    return led;
  }

  logs(number: number, id: string): void {
    const task = this.partitions[number]?.tasks.get(id);
    if (task?.state !== 'alive') return;
    const index = task.lines++;
    this.#tell(number, id, ({ from, request }, epoch) =>
      from === undefined || index < from ? undefined : [toClient.event, request, lineText(index, epoch)],
    );
  }

  ends(number: number, id: string, state: 'completed' | 'cancelled'): void {
    const task = this.partitions[number]?.tasks.get(id);
    if (task?.state !== 'alive') return;
    task.state = state;
    const led = this.#tell(number, id, ({ from, request }, epoch) => {
      const reply: Flat = [toClient.reply, request, 1, `{"epoch":${epoch}}`];
      return from === undefined
        ? reply
        : [toClient.event, request, stateText(task, epoch), toClient.event, request, finishedText(epoch), ...reply];
    });
    if (led !== undefined) led.waiting = led.waiting.filter((each) => each.id !== id);
  }

  /** Takes what was told to clients since the last time, message by message. */
  takeTold(take: (node: number, client: number, message: Flat) => void): void {
    for (const { node, client, flat } of this.told.splice(0))
      for (let at = 0; at < flat.length; ) {
        const length = toClientArity[flat[at] as keyof typeof toClientArity] + 1;
        take(node, client, flat.slice(at, at + length));
        at += length;
      }
  }
}

export const nameOf = (node: number): string => `n${node}`;
const numberOf = (name: string): number => Number(name.slice(1));

const stateText = (task: ModelTask, epoch: number): string =>
  JSON.stringify({ type: 'state', state: task.state, retried: task.retried, epoch });
const lineText = (index: number, epoch: number): string => JSON.stringify({ type: 'log', index, epoch });
const finishedText = (epoch: number): string => JSON.stringify({ type: 'finished', ok: true, value: { epoch } });
