/** A node of this process as the gateway needs it. */
import type { SpecAnswer, SpecQuestion } from '../cluster/spec-message.ts';
import type { SpecOutcome } from '../cluster/specs-elsewhere.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import type { Backend, Follower, StartRequest } from '../gateway/backend.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { AppDescription, TaskDescription } from '../protocol/app-description.ts';
import type { Overview } from '../protocol/overview.ts';
import { decodeError, encodeError, encodeValue } from '../values/codec.ts';
import { decodeWritten } from '../values/written-value.ts';
import { checkKey } from './app-client.ts';
import { InputChecks } from './input-checks.ts';
import type { LocalClient, StartSpec } from './local-client.ts';

/** Made once, and given before anything is read: a refusal must cost less than what is refused. */
const tooMany = new TuttiError('OVERLOADED', 'More requests are under way than there is room for. Try again later.', {
  details: { retryMs: limits.backendRetryMs },
});
const tooManyStarts = new TuttiError('OVERLOADED', 'More tasks are being started than there is room for. Try again.', {
  details: { retryMs: limits.overloadedRetryMs },
});

/** Asks the other nodes of a cluster for what the start of a task needs that this node's app lacks. */
export type AskElsewhere = (question: SpecQuestion) => Promise<SpecOutcome>;

/** With these a node says of itself, and not of the input, that it cannot check it. */
const ofTheNode: ReadonlySet<string> = new Set(['CLOSED', 'APP_LOAD', 'APP_INVALID']);

export class NodeBackend implements Backend {
  readonly app: AppDescription;
  readonly #client: LocalClient;
  readonly #checks: InputChecks;
  readonly #overview: () => Promise<Overview>;
  readonly #elsewhere: AskElsewhere | undefined;
  readonly #tasks: ReadonlyMap<string, TaskDescription>;
  /** Requests that wait for an answer or a task's end, and follows, of all connections together. */
  #underWay = 0;
  #addresses: readonly string[] = [];
  readonly #addressWatchers = new Set<() => void>();

  /** Reads what the app has. `elsewhere`: of a node that is one of a cluster. Rejects with `APP_LOAD`, `APP_INVALID`. */
  static async open(
    client: LocalClient,
    module: string,
    env: Env,
    overview: () => Promise<Overview>,
    elsewhere?: AskElsewhere,
  ): Promise<NodeBackend> {
    const checks = new InputChecks(module, env);
    try {
      return new NodeBackend(client, checks, await checks.describe(), overview, elsewhere);
    } catch (error) {
      await checks.close();
      throw error;
    }
  }

  private constructor(
    client: LocalClient,
    checks: InputChecks,
    app: AppDescription,
    overview: () => Promise<Overview>,
    elsewhere: AskElsewhere | undefined,
  ) {
    this.#client = client;
    this.#overview = overview;
    this.#elsewhere = elsewhere;
    this.#checks = checks;
    this.app = app;
    this.#tasks = new Map(app.tasks.map((task) => [task.name, task]));
  }

  startsRefused(): TuttiError | undefined {
    return this.#client.hasRoom ? undefined : tooManyStarts;
  }

  start(request: StartRequest): Promise<string> {
    const refused = this.startsRefused();
    if (refused !== undefined) return Promise.reject(refused);
    return this.#bounded(async () => {
      const spec = this.#spec(request);
      return this.#client.start(spec instanceof Promise ? await spec : spec);
    });
  }

  run(request: StartRequest, signal?: AbortSignal): Promise<string> {
    return this.#bounded(async () => {
      const spec = this.#spec(request);
      return this.#client.run(spec instanceof Promise ? await spec : spec, signal);
    });
  }

  wait(id: string, signal?: AbortSignal): Promise<string> {
    return this.#bounded(() => this.#client.wait(id, signal));
  }

  status(id: string): Promise<string> {
    return this.#client.statusText(id);
  }

  list(filter: string): Promise<string> {
    return this.#client.listPageText(filter);
  }

  detail(id: string, fromStep: number): Promise<string> {
    return this.#client.detailText(id, fromStep);
  }

  cancel(id: string): Promise<void> {
    return this.#client.cancel(id);
  }

  retry(id: string, requestId: string): Promise<void> {
    return this.#client.retry(id, requestId);
  }

  logs(id: string, from: number): Promise<string> {
    return this.#client.logsText(id, from);
  }

  follow(id: string, fromLog: number, follower: Follower): () => void {
    return this.#client.followText(id, fromLog, follower);
  }

  async overview(): Promise<string> {
    return encodeValue(await this.#overview());
  }

  changes(follower: Follower): () => void {
    return this.#client.changes(
      () => follower.take(''),
      (reason) => follower.end(reason),
    );
  }

  addresses(): readonly string[] {
    return this.#addresses;
  }

  onAddresses(changed: () => void): () => void {
    const watcher = (): void => changed();
    this.#addressWatchers.add(watcher);
    return () => this.#addressWatchers.delete(watcher);
  }

  /** Tells where the gateways of other nodes are now; all clients hear of it if it is news. */
  setAddresses(addresses: readonly string[]): void {
    if (addresses.join() === this.#addresses.join()) return;
    this.#addresses = [...addresses];
    for (const watcher of [...this.#addressWatchers]) watcher();
  }

  canary(): Promise<number> {
    return this.#client.canary();
  }

  /** Ends what it started; the node goes on. */
  close(): Promise<void> {
    return this.#checks.close();
  }

  /** What comes from outside never waits for room in this process: it is told when to come again. */
  async #bounded<T>(ask: () => Promise<T>): Promise<T> {
    if (this.#underWay >= limits.backendRequestsMax) throw tooMany;
    this.#underWay++;
    try {
      return await ask();
    } finally {
      this.#underWay--;
    }
  }

  /** What another node needs that is to start a task of this one's app. */
  async specFor({ name, input }: SpecQuestion): Promise<SpecAnswer> {
    const task = this.#tasks.get(name);
    if (task === undefined) return { kind: 'cannot' };
    try {
      const checked = async (): Promise<string> => (task.checked ? this.#checks.check(name, input) : written(input));
      return { kind: 'spec', input: await this.#bounded(checked), policy: task.policy };
    } catch (error) {
      return isTuttiError(error) && ofTheNode.has(error.code)
        ? { kind: 'cannot' }
        : { kind: 'refused', error: encodeError(error) };
    }
  }

  /** A promise only where a schema, or another node, is asked. */
  #spec(request: StartRequest): StartSpec | Promise<StartSpec> {
    const { name, input, key, delayMs } = request;
    const task = this.#tasks.get(name);
    if (task === undefined && this.#elsewhere === undefined)
      throw unknownTask(name, `The app has no task ${name}. It has: ${this.#names()}.`, [...this.#tasks.keys()]);
    if (key !== undefined) checkKey(key);
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new TuttiError('DURATION_INVALID', `A task cannot start after ${delayMs} ms.`);
    if (task === undefined) return this.#specElsewhere(request, this.#elsewhere as AskElsewhere);
    if (task.checked)
      return this.#checks.check(name, input).then((checked) => startSpec(request, checked, task.policy));
    return startSpec(request, written(input), task.policy);
  }

  /** The app of another node may have it: that of a newer version while a cluster is upgraded. */
  async #specElsewhere(request: StartRequest, elsewhere: AskElsewhere): Promise<StartSpec> {
    const { id, name } = request;
    const input = written(request.input);
    const outcome = await elsewhere({ name, input });
    if (outcome.kind === 'spec') return startSpec(request, outcome.input, outcome.policy);
    if (outcome.kind === 'refused') throw decodeError(outcome.error);
    // Sent again by who does not know that it was started, at a node that is gone: by its id it attaches to that task.
    if (id !== undefined && (await this.#client.status(id))?.name === name)
      return startSpec({ ...request, key: undefined }, input, undefined);
    const { silent } = outcome;
    const has = `This node's app has: ${this.#names()}.`;
    if (silent.length === 0) {
      const others = outcome.names.filter((each) => !this.#tasks.has(each));
      const theirs = others.length === 0 ? '' : ` Others have: ${others.join(', ')}.`;
      throw unknownTask(
        name,
        `This node's app has no task ${name}, and no other node that is connected has it. ${has}${theirs}`,
        [...this.#tasks.keys(), ...others],
      );
    }
    throw new TuttiError(
      'NOT_READY',
      `This node's app has no task ${name}; ${silent.join(', ')}, where it is, gave no answer within ${limits.specWaitMs / 1_000} s. ${has}`,
      { details: { name, silent } },
    );
  }

  #names(): string {
    return [...this.#tasks.keys()].join(', ');
  }
}

const written = (input: string): string => encodeValue(decodeWritten(input), 'input');

/** `names`: those that there are. */
const unknownTask = (name: string, message: string, names: readonly string[]): TuttiError =>
  new TuttiError('TASK_UNKNOWN', message, { details: { name, names } });

const startSpec = ({ id, name, key, delayMs }: StartRequest, input: string, policy: string | undefined): StartSpec => ({
  id,
  name,
  input,
  policy,
  key,
  delayMs,
  impatient: true,
});
