/** An embedded node as the gateway needs it. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Backend, Follower, StartRequest } from '../gateway/backend.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { AppDescription, TaskDescription } from '../protocol/app-description.ts';
import type { Overview } from '../protocol/overview.ts';
import { encodeValue } from '../values/codec.ts';
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

export class NodeBackend implements Backend {
  readonly app: AppDescription;
  readonly #client: LocalClient;
  readonly #checks: InputChecks;
  readonly #overview: () => Promise<Overview>;
  readonly #tasks: ReadonlyMap<string, TaskDescription>;
  /** Requests that wait for an answer or a task's end, and follows, of all connections together. */
  #underWay = 0;
  #addresses: readonly string[] = [];
  readonly #addressWatchers = new Set<() => void>();

  /** Reads what the app has. Rejects with `APP_LOAD`, `APP_INVALID`. */
  static async open(
    client: LocalClient,
    module: string,
    env: Env,
    overview: () => Promise<Overview>,
  ): Promise<NodeBackend> {
    const checks = new InputChecks(module, env);
    try {
      return new NodeBackend(client, checks, await checks.describe(), overview);
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
  ) {
    this.#client = client;
    this.#overview = overview;
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

  /** A promise only where a schema is asked. */
  #spec({ id, name, input, key, delayMs }: StartRequest): StartSpec | Promise<StartSpec> {
    const task = this.#tasks.get(name);
    if (task === undefined)
      throw new TuttiError(
        'TASK_UNKNOWN',
        `The app has no task ${name}. It has: ${[...this.#tasks.keys()].join(', ')}.`,
        { details: { name } },
      );
    if (key !== undefined) checkKey(key);
    if (!Number.isFinite(delayMs) || delayMs < 0)
      throw new TuttiError('DURATION_INVALID', `A task cannot start after ${delayMs} ms.`);
    const specOf = (checked: string): StartSpec => ({
      id,
      name,
      input: checked,
      policy: task.policy,
      key,
      delayMs,
      impatient: true,
    });
    if (task.checked) return this.#checks.check(name, input).then(specOf);
    return specOf(encodeValue(decodeWritten(input), 'input'));
  }
}
