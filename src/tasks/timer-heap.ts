/** What is due when: a binary heap by record time, then by order of arrival. In the leader's memory; made again from the rows. */
export type Timer = {
  readonly dueAt: number;
  readonly taskKey: string;
  /** Index of a sleep's step, or one of `timerOfTask`. */
  readonly step: number;
};

type Node = Timer & { readonly order: number };

export class TimerHeap {
  #nodes: Node[] = [];
  #order = 0;

  get size(): number {
    return this.#nodes.length;
  }

  /** The earliest due time, Infinity if there is none. */
  get nextDueAt(): number {
    return this.#nodes[0]?.dueAt ?? Number.POSITIVE_INFINITY;
  }

  push(timer: Timer): void {
    this.#insert({ ...timer, order: this.#order++ });
  }

  #insert(node: Node): void {
    const nodes = this.#nodes;
    let at = nodes.length;
    nodes.push(node);
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!before(node, nodes[up] as Node)) break;
      nodes[at] = nodes[up] as Node;
      at = up;
    }
    nodes[at] = node;
  }

  /** Drops timers that are not wanted. */
  retain(isWanted: (timer: Timer) => boolean): void {
    const kept = this.#nodes.filter(isWanted);
    this.#nodes = [];
    for (const node of kept) this.#insert(node);
  }

  /** Takes out the earliest timer that is due at `time`. */
  take(time: number): Timer | undefined {
    const nodes = this.#nodes;
    const first = nodes[0];
    if (first === undefined || first.dueAt > time) return undefined;
    const last = nodes.pop() as Node;
    if (nodes.length > 0) {
      let at = 0;
      for (;;) {
        let down = at * 2 + 1;
        if (down >= nodes.length) break;
        if (down + 1 < nodes.length && before(nodes[down + 1] as Node, nodes[down] as Node)) down++;
        if (!before(nodes[down] as Node, last)) break;
        nodes[at] = nodes[down] as Node;
        at = down;
      }
      nodes[at] = last;
    }
    return first;
  }
}

const before = (a: Node, b: Node): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
