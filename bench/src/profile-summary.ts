/** Where a thread spent its time, from a V8 CPU profile. */

type ProfileNode = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
};

export type CpuProfile = {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
};

export type ProfileLine = { readonly name: string; readonly selfMs: number; readonly totalMs: number };

export type ProfileSummary = {
  /** From the files that the thread ran. */
  readonly thread: string;
  readonly totalMs: number;
  /** Without idle time. */
  readonly busyMs: number;
  /** By self time, most first. */
  readonly lines: readonly ProfileLine[];
};

/** Entry files by which threads are told apart. */
const threads: readonly (readonly [file: string, thread: string])[] = [
  ['executor/executor-thread.', 'executor'],
  ['state/state-thread.', 'state'],
  ['node/member-thread.', 'state'],
  ['transact/partition-thread.', 'partition'],
  ['transact/writer-thread.', 'writer'],
  ['node/node-thread.', 'node'],
  ['bare-thread.', 'bare'],
  ['run-once.', 'main'],
];

export const summarise = ({ nodes, samples, timeDeltas }: CpuProfile): ProfileSummary => {
  const selfById = new Map<number, number>();
  samples.forEach((id, at) => {
    selfById.set(id, (selfById.get(id) ?? 0) + (timeDeltas[at] ?? 0) / 1000);
  });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const lines = new Map<string, { selfMs: number; totalMs: number }>();
  const lineOf = (name: string) => {
    const known = lines.get(name);
    if (known !== undefined) return known;
    const line = { selfMs: 0, totalMs: 0 };
    lines.set(name, line);
    return line;
  };
  /** Gives the time of a node with all below it; a function that calls itself counts once. */
  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = nameOf(node);
    const line = lineOf(name);
    const selfMs = selfById.get(node.id) ?? 0;
    const below = new Set(above).add(name);
    let totalMs = selfMs;
    for (const child of node.children ?? []) totalMs += visit(byId.get(child) as ProfileNode, below);
    line.selfMs += selfMs;
    if (!above.has(name)) line.totalMs += totalMs;
    return totalMs;
  };
  const [root] = nodes;
  const totalMs = root === undefined ? 0 : visit(root, new Set());
  const idleMs = lines.get('(idle)')?.selfMs ?? 0;
  return {
    thread: threads.find(([file]) => nodes.some(({ callFrame }) => callFrame.url.includes(file)))?.[1] ?? 'unknown',
    totalMs,
    busyMs: totalMs - idleMs,
    lines: [...lines]
      .filter(([name]) => name !== '(idle)' && name !== '(root)')
      .map(([name, line]) => ({ name, ...line }))
      .sort((a, b) => b.selfMs - a.selfMs),
  };
};

/** Function, file and line, the file by its last two parts. */
const nameOf = ({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string => {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
};
