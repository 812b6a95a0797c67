/**
 * Files that need each other in a circle, types included: none of them can be understood, tested or moved alone. `import()`
 * and paths of thread entry files do not count: they are how a circle is cut.
 */
import type { Finding } from './finding.ts';
import type { ImportGraph } from './import-graph.ts';

const staticTargets = (graph: ImportGraph, path: string): readonly string[] =>
  (graph.get(path) ?? []).filter((edge) => edge.kind === 'value' || edge.kind === 'type').map((edge) => edge.to);

/** The shortest way from `start` back to itself, undefined if there is none. */
const shortestCycle = (graph: ImportGraph, start: string): readonly string[] | undefined => {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const path of queue) {
    for (const target of staticTargets(graph, path)) {
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
    const line = graph.get(path)!.find((edge) => edge.to === (cycle[1] ?? path))?.line ?? 1;
    findings.push({
      file: path,
      line,
      what: `imports in a circle: ${[...cycle, path].join(' -> ')}`,
      remedy: 'Move what they share to a file of its own',
    });
  }
  return findings;
};
