/** Node.js modules that the root export loads, directly or not: browsers and executor threads import definitions from it. */
import { isBuiltin } from 'node:module';
import type { Finding } from './finding.ts';
import type { ImportGraph } from './import-graph.ts';
import type { SourceFile } from './source.ts';

const rootExport = 'src/index.ts';

export const findNodeInRootExport = (files: readonly SourceFile[], graph: ImportGraph): readonly Finding[] => {
  const way = new Map([[rootExport, rootExport]]);
  for (const [path, wayHere] of way) {
    for (const edge of graph.get(path) ?? []) {
      if (edge.kind === 'value' && !way.has(edge.to)) way.set(edge.to, `${wayHere} -> ${edge.to}`);
    }
  }
  return files.flatMap((file) => {
    const wayHere = way.get(file.path);
    if (wayHere === undefined) return [];
    return file.imports
      .filter((entry) => entry.kind === 'value' && isBuiltin(entry.specifier))
      .map((entry) => ({
        file: file.path,
        line: entry.line,
        what: `imports '${entry.specifier}' and is loaded with the root export (${wayHere})`,
        remedy: 'Load it with import() when it is needed, or move that part to a file of its own',
      }));
  });
};
