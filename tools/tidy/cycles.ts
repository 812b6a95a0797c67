/**
 * Files that load each other in a circle: none of them can be tested or moved alone, and which runs first depends on who asks.
 * Types may be recursive within a folder (between folders the arrows forbid it); `import()` and paths of thread entry files are
 * how a circle is cut.
 */
import type { Finding } from './finding.ts';
import type { ImportGraph } from './import-graph.ts';

const loadedWith = (graph: ImportGraph, path: string): readonly string[] =>
  (graph.get(path) ?? []).filter((edge) => edge.kind === 'value').map((edge) => edge.to);

/** The shortest way from `start` back to itself, undefined if there is none. */
const shortestCycle = (graph: ImportGraph, start: string): readonly string[] | undefined => {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const target of loadedWith(graph, path)) {
      if (target === start) {
        const cycle = [path];
        for (let at = path; at !== start; ) {
          at = cameFrom.get(at)!;
          cycle.unshift(at);
        }
        return cycle;
      }
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, path);
      queue.push(target);
    }
  }
  return undefined;
};

/** One finding per circle: each file is named in at most one. */
export const findCycles = (graph: ImportGraph): readonly Finding[] => {
  const findings: Finding[] = [];
  const named = new Set<string>();
  for (const path of graph.keys()) {
    if (named.has(path)) continue;
    const cycle = shortestCycle(graph, path);
    if (cycle === undefined) continue;
    for (const member of cycle) named.add(member);
    const next = cycle[1] ?? path;
    const line = graph.get(path)!.find((edge) => edge.kind === 'value' && edge.to === next)!.line;
    findings.push({
      file: path,
      line,
      what: `imports in a circle: ${[...cycle, path].join(' -> ')}`,
      remedy: 'Move what they share to a file of its own',
    });
  }
  return findings;
};
