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

/** `at`: how many operations of each client are done, `done` in all; `value`: what they leave. */
type State = { readonly at: readonly number[]; readonly value: number; readonly done: number };

/** Undefined: it is. Else the operations that no order could go on with, as text. */
export const whyNotLinearizable = (history: readonly Interval[], initial: number): string | undefined => {
  const byClient = [...Map.groupBy(history, ({ client }) => client).values()];
  const seen = new Set<string>();
  const nextOf = ({ at }: State, client: number): Interval | undefined => byClient[client]?.[at[client] as number];
  let furthest: State = { at: byClient.map(() => 0), value: initial, done: 0 };
  const stack = [furthest];
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    const { at, value, done } = state;
    if (done === history.length) return undefined;
    if (done > furthest.done) furthest = state;
    // What was invoked after another had been answered cannot come before it.
    let firstAnswerMs = Number.POSITIVE_INFINITY;
    for (let client = 0; client < byClient.length; client++)
      firstAnswerMs = Math.min(firstAnswerMs, nextOf(state, client)?.answeredMs ?? Number.POSITIVE_INFINITY);
    for (let client = 0; client < byClient.length; client++) {
      const one = nextOf(state, client);
      if (one === undefined || one.invokedMs > firstAnswerMs) continue;
      const after = one.apply(value);
      if (after === undefined) continue;
      const moved = at.with(client, (at[client] as number) + 1);
      const name = `${String.fromCharCode(...moved)}${after}`;
      if (seen.has(name)) continue;
      seen.add(name);
      stack.push({ at: moved, value: after, done: done + 1 });
    }
  }
  const texts = byClient.flatMap((_, client) => nextOf(furthest, client) ?? []).map(({ text }) => `  ${text}`);
  return `after ${furthest.done} operations the value is ${furthest.value}, and none of these can be next:\n${texts.join('\n')}`;
};
