/** A client of the register workload: one operation at a time, asked of one node after another until it is answered. */
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

export class RegisterClient {
  readonly calls: Call[] = [];
  readonly #world: World;
  readonly #number: number;
  readonly #end: string;
  readonly #dice: Dice;
  #seq = 0;
  #target = 0;
  #current: { readonly request: Request; readonly call: Call } | undefined;
  #cancelAsk: () => void = () => {};

  constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
    this.#end = `c${number}`;
    this.#dice = new Dice(world.simulation.random(this.#end));
    world.addClient(this.#end, (message) => this.#receive(message as Reply));
    this.#think();
  }

  get idle(): boolean {
    return this.#current === undefined;
  }

  #think(): void {
    const { simulation, plan } = this.#world;
    if (simulation.nowMs >= plan.busyMs) return;
    simulation.after(this.#dice.whole(0, plan.thinkMs), undefined, 'client', () => this.#begin());
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
    const { nodes, simulation } = this.#world;
    const node = nodes[this.#target % nodes.length];
    if (node !== undefined) this.#world.sendToNode(this.#end, node, request);
    this.#cancelAsk = simulation.after(this.#dice.whole(askAgainMs / 2, askAgainMs * 2), undefined, 'ask again', () => {
      this.#target++;
      this.#ask(request);
    });
  }

  #receive(reply: Reply): void {
    const current = this.#current;
    if (current === undefined || reply.seq !== current.request.seq) return;
    if (reply.outcome === undefined) {
      // Another node may lead: the next question goes there.
      return;
    }
    this.#cancelAsk();
    this.#current = undefined;
    current.call.answeredMs = this.#world.simulation.nowMs;
    current.call.outcome = reply.outcome;
    current.call.ends?.(outcomeText(reply.outcome));
    this.#think();
  }
}
