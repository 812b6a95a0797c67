/** Which clients of a node want to be told that tasks have changed, anywhere: all nodes are asked once for all of them. */

type Asked = { readonly client: number; readonly request: number };

export class ChangeAsks {
  readonly #asked = new Map<string, Asked>();
  #changed = false;
  /** Under which the nodes are asked now; 0: nobody wants to know. */
  ticket = 0;

  get wanted(): boolean {
    return this.#asked.size > 0;
  }

  ask(client: number, request: number, on: boolean): void {
    const name = `${client} ${request}`;
    if (on) this.#asked.set(name, { client, request });
    else this.#asked.delete(name);
  }

  forget(client: number): void {
    for (const [name, asked] of this.#asked) if (asked.client === client) this.#asked.delete(name);
  }

  /** A node has told something under that ticket. Returns whether anybody is to be told of it. */
  told(ticket: number): boolean {
    if (ticket !== this.ticket || !this.wanted) return false;
    this.#changed = true;
    return true;
  }

  /** Whom to tell, once, of what was told since the last time. */
  takeDue(): Iterable<Asked> {
    if (!this.#changed) return [];
    this.#changed = false;
    return this.#asked.values();
  }
}
