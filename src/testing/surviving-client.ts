/**
 * The requests of a client that outlives the node it speaks to: what was not answered when the connection broke is asked again
 * on the next one. A start keeps its id, so it starts one task however often it is asked.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import type { Requests } from '../node/app-client.ts';
import { type ClientPort, LocalClient, newTaskId, type StartSpec } from '../node/local-client.ts';
import type { Env } from '../platform/env.ts';
import type { ListFilter, LogLine, TaskEvent, TaskStatus } from '../protocol/task-view.ts';

type Follower = { readonly id: string; readonly take: (event: TaskEvent) => void; stop: () => void };

export class SurvivingClient implements Requests {
  readonly #partitions: number;
  readonly #env: Env;
  readonly #followers = new Set<Follower>();
  #client: LocalClient | undefined;
  #waiting: (() => void)[] = [];

  constructor(partitions: number, env: Env) {
    this.#partitions = partitions;
    this.#env = env;
  }

  /** A node is there. */
  connect(port: ClientPort): void {
    const client = new LocalClient(port, this.#partitions, this.#env);
    this.#client = client;
    for (const follower of this.#followers) follower.stop = client.follow(follower.id, follower.take);
    for (const go of this.#waiting.splice(0)) go();
  }

  /** The node is gone. */
  disconnect(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.close(new TuttiError('CLOSED', 'The node has ended.'));
  }

  start(spec: StartSpec): Promise<string> {
    const named = this.#named(spec);
    return this.#ask((client) => client.start(named));
  }

  run(spec: StartSpec): Promise<string> {
    const named = this.#named(spec);
    return this.#ask((client) => client.run(named));
  }

  wait(id: string): Promise<string> {
    return this.#ask((client) => client.wait(id));
  }

  status(id: string): Promise<TaskStatus | undefined> {
    return this.#ask((client) => client.status(id));
  }

  list(filter?: ListFilter): Promise<readonly TaskStatus[]> {
    return this.#ask((client) => client.list(filter));
  }

  logs(id: string): Promise<readonly LogLine[]> {
    return this.#ask((client) => client.logs(id));
  }

  cancel(id: string): Promise<void> {
    return this.#askOnce((client) => client.cancel(id));
  }

  retry(id: string): Promise<void> {
    return this.#askOnce((client) => client.retry(id));
  }

  follow(id: string, take: (event: TaskEvent) => void): () => void {
    const follower: Follower = { id, take, stop: this.#client?.follow(id, take) ?? (() => {}) };
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      follower.stop();
    };
  }

  #named(spec: StartSpec): StartSpec {
    if (spec.key !== undefined || spec.id !== undefined) return spec;
    return { ...spec, id: newTaskId(this.#env) };
  }

  async #ask<Value>(ask: (client: LocalClient, again: boolean) => Promise<Value>): Promise<Value> {
    for (let again = false; ; again = true) {
      while (this.#client === undefined) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      try {
        return await ask(this.#client, again);
      } catch (error) {
        if (!isTuttiError(error) || error.code !== 'CLOSED') throw error;
      }
    }
  }

  /** For what changes the task's state: a repeat that finds it changed has been heard before. */
  #askOnce(ask: (client: LocalClient) => Promise<void>): Promise<void> {
    return this.#ask((client, again) =>
      ask(client).catch((error: unknown) => {
        if (!again || !isTuttiError(error) || error.code !== 'TASK_STATE') throw error;
      }),
    );
  }
}
