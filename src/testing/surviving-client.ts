/**
 * The requests of a client that outlives the node it speaks to: what was not answered when the connection broke is asked again
 * on the next one. A start keeps its id, so it starts one task however often it is asked.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import type { Requests } from '../node/app-client.ts';
import { type ClientPort, type FollowOptions, LocalClient, newTaskId, type StartSpec } from '../node/local-client.ts';
import type { Env } from '../platform/env.ts';
import type { ListFilter, LogLine, TaskEvent, TaskStatus } from '../protocol/task-view.ts';

type Follower = {
  readonly id: string;
  readonly take: (event: TaskEvent) => void;
  readonly end: (error?: Error) => void;
  /** Index of the next log line: those before have been told. */
  fromLog: number;
  stop: () => void;
};

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
    for (const follower of this.#followers) this.#follow(client, follower);
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

  /** A repeat that finds the task cancelled, or ended, has been heard before or came too late. */
  cancel(id: string): Promise<void> {
    return this.#ask((client, again) =>
      client.cancel(id).catch((error: unknown) => {
        if (!again || !isTuttiError(error) || error.code !== 'TASK_STATE') throw error;
      }),
    );
  }

  retry(id: string, requestId = newTaskId(this.#env)): Promise<void> {
    return this.#ask((client) => client.retry(id, requestId));
  }

  follow(id: string, take: (event: TaskEvent) => void, options: FollowOptions = {}): () => void {
    const { fromLog = 0, end = () => undefined } = options;
    const follower: Follower = { id, take, end, fromLog, stop: () => undefined };
    this.#followers.add(follower);
    if (this.#client !== undefined) this.#follow(this.#client, follower);
    return () => {
      this.#followers.delete(follower);
      follower.stop();
    };
  }

  #follow(client: LocalClient, follower: Follower): void {
    const take = (event: TaskEvent): void => {
      if (event.type === 'log') follower.fromLog = event.index + 1;
      follower.take(event);
    };
    const end = (error?: Error): void => {
      // The node has ended: the next one goes on.
      if (isTuttiError(error) && error.code === 'CLOSED') return;
      this.#followers.delete(follower);
      follower.end(error);
    };
    follower.stop = client.follow(follower.id, take, { fromLog: follower.fromLog, end });
  }

  #named(spec: StartSpec): StartSpec {
    return { ...spec, id: spec.id ?? newTaskId(this.#env) };
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
}
