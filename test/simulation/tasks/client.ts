/** A client of the task workload: the client that ships, over a port of the simulated network, on one node after another. */
import { catalogueOf } from '../../../src/app/catalogue-of-app.ts';
import { encodePolicy, policyOf } from '../../../src/app/policy.ts';
import type { TaskDefinition } from '../../../src/app/task.ts';
import { simulatedEnv } from '../../../src/engine/simulated/place.ts';
import { Life } from '../../../src/engine/simulated/simulation.ts';
import { isTuttiError, TuttiError } from '../../../src/errors/tutti-error.ts';
import { LocalClient, type StartSpec } from '../../../src/node/local-client.ts';
import type { Env } from '../../../src/platform/env.ts';
import type { Flat } from '../../../src/tasks/messages.ts';
import { fromBytes, toBytes } from '../../../src/testing/flat-bytes.ts';
import { encodeValue } from '../../../src/values/codec.ts';
import { mintTaskId } from '../../../src/values/task-id.ts';
import { Dice } from '../plan.ts';
import { shortly } from '../trace/words.ts';
import type { World } from '../world.ts';
import * as app from './app.ts';

/** A task as its client saw it. */
export type Run = {
  /** Of a task with a key, known once it was acknowledged. */
  id: string;
  readonly key: string | undefined;
  readonly name: app.TaskName;
  readonly input: Readonly<Record<string, number>>;
  readonly cancels: boolean;
  /** Text of the result, or code of the error: each time it was told. */
  readonly outcomes: string[];
};

const { definitions } = catalogueOf(app);
const patienceMs = 1_500;
/** A task is a hundred events. */
const thinkMsLeast = 100;
const keys = 20;
/**
 * One that waits for so many asks for no more. Where a partition takes few in, that is a little more than it takes: what waits
 * outside gets in at the rate of the slowest, long after the faults.
 */
const openMax = { few: 30, many: 300 };
const fewQueued = 100;
/** How often the next task is one that ends its process, until there was one. */
const poisoned = 1 / 50;
const tryNextMs = 40;

export class TaskClient {
  readonly runs: Run[] = [];
  readonly #world: World;
  readonly #number: number;
  readonly #end: string;
  readonly #env: Env;
  readonly #dice: Dice;
  #connections = 0;
  #target = 0;
  #client: LocalClient;
  #heardMs = 0;
  #open = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#number = number;
    this.#end = `c${number}`;
    const { simulation, network } = world;
    const life = new Life(this.#end);
    this.#env = simulatedEnv({ simulation, network, life, end: this.#end }, `client ${number}`, { skewMs: 0 });
    this.#dice = new Dice(simulation.random(this.#end));
    this.#client = this.#connect();
    world.strikes.onBurst((count) => {
      for (let started = 0; started < count; started++) this.#begin();
    });
    this.#watch();
    this.#think();
  }

  get idle(): boolean {
    return this.#open === 0;
  }

  /** No other connection of any client has this number. */
  get #connection(): number {
    return this.#number * 1_000_000 + this.#connections;
  }

  #connect(): LocalClient {
    const { nodes, simulation } = this.#world;
    this.#connections++;
    const connection = this.#connection;
    const node = nodes[this.#target % nodes.length];
    let receive = (_flat: Flat): void => {};
    let closed = false;
    this.#heardMs = simulation.nowMs;
    this.#world.addClient(this.#end, (message) => {
      const { client, flat } = message as { readonly client: number; readonly flat: string };
      if (client !== connection || closed) return;
      if (flat === '') this.#env.timers.after(tryNextMs, () => this.#reconnect(connection));
      else {
        this.#heardMs = simulation.nowMs;
        receive(fromBytes(Buffer.from(flat, 'base64')));
      }
    });
    const port = {
      on: (_event: string, take: (flat: Flat) => void) => {
        receive = take;
      },
      postMessage: (flat: Flat) => {
        if (node !== undefined)
          this.#world.sendToNode(this.#end, node, {
            client: connection,
            flat: Buffer.from(toBytes(flat)).toString('base64'),
          });
      },
      close: () => {
        closed = true;
      },
    };
    return new LocalClient(port, this.#world.plan.partitions, this.#env);
  }

  #reconnect(connection: number): void {
    if (connection !== this.#connection) return;
    this.#target++;
    const old = this.#client;
    this.#client = this.#connect();
    old.close(new TuttiError('CLOSED', 'The client goes on with another node.'));
  }

  /** A node that says nothing for long is left. */
  #watch(): void {
    const { simulation } = this.#world;
    if (this.#open > 0 && simulation.nowMs - this.#heardMs > patienceMs) this.#reconnect(this.#connection);
    this.#env.timers.after(patienceMs / 3, () => this.#watch());
  }

  #think(): void {
    const { simulation, plan } = this.#world;
    if (simulation.nowMs >= plan.busyMs) return;
    this.#env.timers.after(this.#dice.whole(0, Math.max(thinkMsLeast, plan.thinkMs) * 4), () => {
      this.#begin();
      this.#think();
    });
  }

  #begin(): void {
    const { queuedTasksMax = 0 } = this.#world.plan.bounds ?? {};
    if (this.#open < (queuedTasksMax > fewQueued ? openMax.many : openMax.few)) void this.#run();
  }

  #draw(): Pick<Run, 'name' | 'input' | 'cancels'> & { readonly key?: string } {
    // What ran beside it often enough runs alone afterwards, one after the other: more than a few take long.
    const mayPoison = this.#number === 0 && !this.runs.some(({ name }) => name === 'poison');
    if (mayPoison && this.#dice.chance(poisoned)) return { name: 'poison', input: {}, cancels: false };
    switch (this.#dice.whole(0, 8)) {
      case 8:
        return { name: 'works', input: { ms: this.#dice.pick([10, 200, 1_000]) }, cancels: false };
      case 7:
        // The same input wherever the key is used.
        return { name: 'steps', input: { count: 3 }, cancels: false, key: `key ${this.#dice.whole(0, keys - 1)}` };
      case 0:
      case 1:
        return { name: 'steps', input: { count: this.#dice.whole(0, 5) }, cancels: false };
      case 2:
        return { name: 'retries', input: { fails: this.#dice.whole(0, 3) }, cancels: false };
      case 3:
        return { name: 'sleeps', input: { ms: this.#dice.pick([1, 50, 3_000]) }, cancels: false };
      case 4:
        return { name: 'squares', input: { count: this.#dice.whole(1, 30) }, cancels: false };
      case 5:
        return { name: 'tree', input: { depth: this.#dice.whole(0, 3) }, cancels: false };
      default:
        return { name: 'waits', input: { ms: 1_000_000_000 }, cancels: true };
    }
  }

  async #run(): Promise<void> {
    this.#open++;
    const drawn = this.#draw();
    const id = mintTaskId(this.#dice.whole(0, 65_535), this.#env.clock.now(), this.#env.random.bytes(9));
    const run: Run = { id, key: undefined, ...drawn, outcomes: [] };
    this.runs.push(run);
    const ended = this.#world.trace?.begins(
      'call',
      this.#end,
      `${run.name} ${JSON.stringify(run.input)} ${run.key ?? run.id}`,
    );
    const definition = definitions.get(drawn.name) as TaskDefinition;
    const policy = policyOf(definition);
    const spec: StartSpec = {
      // The id of a task with a key follows from it.
      ...(run.key === undefined ? { id } : {}),
      name: drawn.name,
      input: encodeValue(drawn.input),
      policy: policy === undefined ? undefined : encodePolicy(policy),
      key: run.key,
      delayMs: 0,
    };
    run.id = await this.#untilAnswered(() => this.#client.start(spec));
    await this.#checkFresh(run, false);
    if (run.cancels) {
      await new Promise<void>((resolve) => this.#env.timers.after(this.#dice.whole(0, 2_000), resolve));
      await this.#untilAnswered(() => this.#client.cancel(run.id)).catch((error: unknown) => {
        // A repeat of a cancellation that was not answered.
        if (!isTuttiError(error) || error.code !== 'TASK_STATE') throw error;
      });
    }
    // Asked twice: whoever asks is told the same.
    for (let asked = 0; asked < 2; asked++)
      run.outcomes.push(
        await this.#untilAnswered(() => this.#client.wait(run.id)).catch((error: unknown) =>
          isTuttiError(error) ? `${error.code} ${error.message}` : String(error),
        ),
      );
    await this.#checkFresh(run, true);
    ended?.(shortly(run.outcomes.join(', then ')));
    this.#open--;
  }

  /** Law 3: who asks how a task is, of whatever node, is told of all that was acknowledged before: that it is there, that it ended. */
  async #checkFresh({ id, name }: Run, ended: boolean): Promise<void> {
    const { cluster } = this.#world.plan;
    if (cluster === undefined) return;
    const status = await this.#untilAnswered(() => this.#client.status(id));
    const told = status?.state ?? 'not there';
    if (status === undefined || (ended && !['completed', 'failed', 'cancelled'].includes(told)))
      this.#world.violated(
        'fresh',
        `${name} ${id} ${ended ? 'has ended' : 'was started'}, and is then told as ${told}`,
      );
  }

  /** Asks again on the next node when the connection is given up. */
  async #untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!isTuttiError(error) || error.code !== 'CLOSED') throw error;
      }
    }
  }
}
