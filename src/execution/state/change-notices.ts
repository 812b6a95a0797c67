/**
 * Tells clients that tasks have changed, without saying which: what they show of them they ask for anew. Many changes are one
 * notice, at most one in `limits.changesEveryMs`; nothing is done while nobody asks.
 */
import { limits } from '../../limits.ts';
import type { Env } from '../../platform/env.ts';
import { type Flat, toClient } from '../../tasks/messages.ts';
import type { Part } from './part.ts';

type Asked = { readonly client: number; readonly request: number };

export class ChangeNotices {
  readonly #env: Env;
  readonly #clients: ReadonlyMap<number, Flat>;
  readonly #post: () => void;
  readonly #asked = new Map<string, Asked>();
  /** What the partitions had counted when the last notice was sent. */
  #told = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** `clients`: what goes out to each. `post` is called where something goes out from a timer. */
  constructor(env: Env, clients: ReadonlyMap<number, Flat>, post: () => void) {
    this.#env = env;
    this.#clients = clients;
    this.#post = post;
  }

  ask(client: number, request: number, on: boolean): void {
    const name = `${client} ${request}`;
    if (on) this.#asked.set(name, { client, request });
    else this.#asked.delete(name);
  }

  /** A client is gone. */
  forget(client: number): void {
    for (const [name, asked] of this.#asked) if (asked.client === client) this.#asked.delete(name);
  }

  /** A turn is over. */
  turn(parts: Iterable<Part>): void {
    if (this.#asked.size === 0 || this.#cancel !== undefined) return;
    let changes = 0;
    for (const { tasks } of parts) changes += tasks.changes;
    if (changes === this.#told) return;
    this.#told = changes;
    const waitMs = this.#toldAt + limits.changesEveryMs - this.#env.clock.monotonic();
    if (waitMs <= 0) this.#tellAll();
    else
      this.#cancel = this.#env.timers.after(waitMs, () => {
        this.#cancel = undefined;
        this.#tellAll();
        this.#post();
      });
  }

  close(): void {
    this.#cancel?.();
    this.#asked.clear();
  }

  #tellAll(): void {
    this.#toldAt = this.#env.clock.monotonic();
    for (const { client, request } of this.#asked.values())
      this.#clients.get(client)?.push(toClient.event, request, '');
  }
}
