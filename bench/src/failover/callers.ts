/**
 * Callers, one for each partition, that run one task at a time each: how long each waited, whether what they were told still holds
 * later, and which tasks ran more than once.
 */
import { readFileSync } from 'node:fs';
import type { RemoteClient } from 'tutti/client';
import { hash16 } from '../../../src/values/hash.ts';
import { partitionOfHash } from '../../../src/values/task-id.ts';
import type * as app from '../app.ts';
import { noted } from '../app.ts';

type Client = RemoteClient<typeof app>;

const checksAtOnce = 64;

type Caller = {
  readonly client: Client;
  readonly partition: number;
  /** When its present call began; undefined between two. */
  beganMs: number | undefined;
  /** Of calls that were answered, in order. */
  readonly calls: {
    readonly key: string;
    readonly beganMs: number;
    readonly endedMs: number;
    readonly result: string;
  }[];
};

export class Callers {
  readonly #callers: readonly Caller[];
  readonly #file: string;
  readonly #pauseMs: number;
  readonly #loops: Promise<void>[];
  #going = true;

  /** Begins. `clients`: one for each partition. Where tasks note that they ran is `file`. `pauseMs`: between two calls of one. */
  constructor(clients: readonly Client[], file: string, pauseMs: number) {
    this.#file = file;
    this.#pauseMs = pauseMs;
    this.#callers = clients.map((client, partition) => ({ client, partition, beganMs: undefined, calls: [] }));
    this.#loops = this.#callers.map((caller) => this.#loop(caller));
    // Who never waits for them has failed for another reason.
    for (const loop of this.#loops) loop.catch(() => undefined);
  }

  get calls(): number {
    return this.#callers.reduce((sum, { calls }) => sum + calls.length, 0);
  }

  /** Of each partition: the longest call, in milliseconds, that was under way at `sinceMs` or later, up to now. */
  longest(sinceMs: number): readonly number[] {
    const nowMs = performance.now();
    return this.#callers.map(({ calls, beganMs }) => {
      let longest = beganMs === undefined ? 0 : nowMs - beganMs;
      for (let at = calls.length - 1; at >= 0 && calls[at]!.endedMs >= sinceMs; at--)
        longest = Math.max(longest, calls[at]!.endedMs - calls[at]!.beganMs);
      return longest;
    });
  }

  /** Settles when every caller has begun a call after `sinceMs` and was answered. */
  async served(sinceMs: number): Promise<void> {
    while (!this.#callers.every(({ calls }) => (calls.at(-1)?.beganMs ?? 0) > sinceMs))
      await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Ends the calling. */
  async stop(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#loops);
  }

  /** How many calls have another result now than they were answered with, and how many tasks ran more than once. */
  async check(client: Client): Promise<{ readonly lost: number; readonly ranTwice: number }> {
    const all = this.#callers.flatMap(({ calls }) => calls);
    let [lost, next] = [0, 0];
    const loop = async (): Promise<void> => {
      for (let call = all[next++]; call !== undefined; call = all[next++]) {
        // Under the same key it is the same task: one that was lost would run anew and say something else.
        const result = await client.run(noted, { file: this.#file, key: call.key }, { key: call.key });
        if (result !== call.result) lost++;
      }
    };
    await Promise.all(Array.from({ length: checksAtOnce }, loop));
    const runs = new Map<string, number>();
    for (const key of readFileSync(this.#file, 'utf8').split('\n')) runs.set(key, (runs.get(key) ?? 0) + 1);
    runs.delete('');
    return { lost, ranTwice: [...runs.values()].filter((count) => count > 1).length };
  }

  async #loop(caller: Caller): Promise<void> {
    for (let at = 0; this.#going; at++) {
      const key = keyIn(caller.partition, this.#callers.length, at);
      const beganMs = performance.now();
      caller.beganMs = beganMs;
      const result = await caller.client.run(noted, { file: this.#file, key }, { key });
      caller.calls.push({ key, beganMs, endedMs: performance.now(), result });
      caller.beganMs = undefined;
      await new Promise((resolve) => setTimeout(resolve, this.#pauseMs));
    }
  }
}

/** The `at`th idempotency key of a task that belongs to this partition. */
const keyIn = (partition: number, partitions: number, at: number): string => {
  for (let salt = 0; ; salt++) {
    const key = `${partition}-${at}-${salt}`;
    if (partitionOfHash(hash16(JSON.stringify(['noted', key])), partitions) === partition) return key;
  }
};
