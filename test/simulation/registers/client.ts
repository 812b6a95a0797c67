/**
 * A client of the register workload: one operation at a time, asked of the node that is known to lead or, where none is known or
 * that one does not answer, of one node after another.
 */
import { through } from '../../../src/engine/simulated/event-heap.ts';
import { Dice } from '../plan.ts';
import type { World } from '../world.ts';
import { operationText, outcomeText } from './describe.ts';
import type { Operation, Reply, Request } from './protocol.ts';
import type { Outcome } from './tables.ts';

/** An operation as its client saw it. */
export type Call = {
  readonly client: number;
  readonly partition: number;
  readonly operation: Operation;
  readonly invokedMs: number;
  /** Undefined: it was not answered. */
  answeredMs: number | undefined;
  outcome: Outcome | undefined;
  /** Tells who looks on. */
  readonly ends: ((outcome: string) => void) | undefined;
};

const askAgainMs = 300;

/** Which node answered last for each partition, as all know who ask through one gateway. */
export type Whereabouts = Map<number, number>;

export class RegisterClient {
  readonly calls: Call[] = [];
  /** Undefined: it goes on where it asked last, whatever the partition. */
  readonly #whereabouts: Whereabouts | undefined;
  readonly #world: World;
  readonly #number: number;
  readonly #end: string;
  readonly #dice: Dice;
  #seq = 0;
  /** The number of the node that is asked, and how many have said since the last pause that they do not lead. */
  #target = 0;
  #refusals = 0;
  #current: { readonly request: Request; readonly call: Call } | undefined;
  #cancelAsk: () => void = () => {};

  constructor(world: World, number: number, whereabouts: Whereabouts | undefined) {
    this.#world = world;
    this.#whereabouts = whereabouts;
    this.#number = number;
    this.#end = `c${number}`;
    this.#dice = new Dice(world.simulation.random(this.#end));
    world.addClient(this.#end, (message) => {
      this.#receive(message as Reply);
      return through;
    });
    this.#think();
  }

  get idle(): boolean {
    return this.#current === undefined;
  }

  #think(): void {
    const { simulation, plan } = this.#world;
    if (simulation.nowMs >= plan.busyMs) return;
    simulation.plan(this.#dice.whole(0, plan.thinkMs), undefined, 'client', () => {
      this.#begin();
      return through;
    });
  }

  #begin(): void {
    const { plan, simulation } = this.#world;
    const partition = this.#dice.whole(0, plan.partitions - 1);
    const request: Request = { client: this.#number, seq: ++this.#seq, partition, operation: this.#operation() };
    const call: Call = {
      client: this.#number,
      partition,
      operation: request.operation,
      invokedMs: simulation.nowMs,
      answeredMs: undefined,
      outcome: undefined,
      ends: this.#world.trace?.begins('call', this.#end, `#${request.seq} ${operationText(request.operation)}`, [
        partition,
      ]),
    };
    this.calls.push(call);
    this.#current = { request, call };
    this.#target = this.#whereabouts?.get(partition) ?? this.#target;
    this.#ask(request);
  }

  #operation(): Operation {
    const key = `r${this.#dice.whole(0, this.#world.plan.keys - 1)}`;
    const value = this.#number * 1_000_000 + this.#seq;
    const roll = this.#dice.whole(0, 9);
    if (roll < 4) return { kind: 'read', key };
    if (roll < 6) return { kind: 'write', key, value };
    if (roll < 8) return { kind: 'swap', key, expected: this.#guess(key), value };
    return { kind: 'add', key: 'sum', tell: this.#dice.whole(0, this.#world.plan.partitions - 1) };
  }

  /** What this client saw last at a key, anywhere. */
  #guess(key: string): number {
    return this.calls.findLast((call) => call.operation.key === key && call.outcome !== undefined)?.outcome?.value ?? 0;
  }

  #ask(request: Request): void {
    this.#refusals = 0;
    this.#send(request);
    this.#cancelAsk = this.#world.simulation.after(
      this.#dice.whole(askAgainMs / 2, askAgainMs * 2),
      undefined,
      'ask again',
      () => {
        this.#target++;
        this.#ask(request);
        return through;
      },
    );
  }

  #send(request: Request): void {
    const node = this.#world.nodes[this.#target % this.#world.nodes.length];
    if (node !== undefined) this.#world.sendToNode(this.#end, node, request);
  }

  #receive(reply: Reply): void {
    const current = this.#current;
    if (current === undefined || reply.seq !== current.request.seq) return;
    if (reply.outcome === undefined) {
      // Another node may lead. Who knows nothing of that asks it after a pause; the others go on at once, once around.
      if (this.#whereabouts === undefined || ++this.#refusals >= this.#world.nodes.length) return;
      this.#target++;
      this.#send(current.request);
      return;
    }
    this.#cancelAsk();
    this.#whereabouts?.set(current.call.partition, this.#target);
    this.#current = undefined;
    current.call.answeredMs = this.#world.simulation.nowMs;
    current.call.outcome = reply.outcome;
    current.call.ends?.(outcomeText(reply.outcome));
    this.#think();
  }
}
