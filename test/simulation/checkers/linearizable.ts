/**
 * Whether a history of one register is linearizable: whether its operations can be put in an order that keeps real time (what
 * was answered before another was asked comes before it) and in which each has the outcome it had. The search of Wing and
 * Gong (J. Parallel Distrib. Comput. 17, 1993), over how far each client's own sequence has got; states seen are not searched
 * again (Lowe, Concurrency Computat. 29, 2017).
 */

/** One operation: its client's are in order and do not overlap. `apply` gives the value after it; undefined: it cannot be here. */
export type Interval = {
  readonly client: number;
  readonly invokedMs: number;
  readonly answeredMs: number;
  readonly apply: (value: number) => number | undefined;
  readonly text: string;
};

/** Undefined: it is. Else the operations that no order could go on with, as text. */
export const whyNotLinearizable = (history: readonly Interval[], initial: number): string | undefined => {
  const byClient = [...Map.groupBy(history, ({ client }) => client).values()];
  const seen = new Set<string>();
  const stack: { readonly at: readonly number[]; readonly value: number }[] = [
    { at: byClient.map(() => 0), value: initial },
  ];
  let furthest = -1;
  let stuck: { readonly next: readonly (Interval | undefined)[]; readonly value: number } = {
    next: [],
    value: initial,
  };
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    const { at, value } = state;
    const next = byClient.map((own, client) => own[at[client] as number]);
    if (next.every((one) => one === undefined)) return undefined;
    // What was invoked after another had been answered cannot come before it.
    const firstAnswerMs = Math.min(...next.map((one) => one?.answeredMs ?? Number.POSITIVE_INFINITY));
    const done = at.reduce((sum, count) => sum + count, 0);
    if (done > furthest) {
      furthest = done;
      stuck = { next, value };
    }
    for (const [client, one] of next.entries()) {
      if (one === undefined || one.invokedMs > firstAnswerMs) continue;
      const after = one.apply(value);
      if (after === undefined) continue;
      const moved = at.with(client, (at[client] as number) + 1);
      const name = `${String.fromCharCode(...moved)}${after}`;
      if (seen.has(name)) continue;
      seen.add(name);
      stack.push({ at: moved, value: after });
    }
  }
  const texts = stuck.next.flatMap((one) => (one === undefined ? [] : [`  ${one.text}`]));
  return `after ${furthest} operations the value is ${stuck.value}, and none of these can be next:\n${texts.join('\n')}`;
};
