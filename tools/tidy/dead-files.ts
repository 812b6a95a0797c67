/**
 * Files of `src/` that nothing shipped needs. Shipped is what can be reached from package.json: its `exports` and `bin`, over
 * imports of any kind and the paths of thread entry files. Being used by a test is no use.
 */
import type { Finding } from './finding.ts';
import { folderOf, isTestFile } from './folders.ts';
import type { ImportGraph } from './import-graph.ts';

/** The files that package.json offers. */
export const entryFiles = (manifest: unknown): readonly string[] => {
  const { exports, bin } = manifest as { exports?: unknown; bin?: unknown };
  const paths = new Set<string>();
  const collect = (value: unknown): void => {
    if (typeof value === 'string') {
      if (/\.(ts|js)$/.test(value)) paths.add(value.replace(/^\.\//, ''));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(exports);
  collect(bin);
  return [...paths];
};

export const findDeadFiles = (graph: ImportGraph, entries: readonly string[]): readonly Finding[] => {
  const missing = entries.filter((entry) => !graph.has(entry));
  if (missing.length > 0) {
    return missing.map((entry) => ({
      file: 'package.json',
      line: 1,
      what: `names ${entry}, which does not exist`,
      remedy: 'Write it or take it out of exports and bin',
    }));
  }
  const reached = new Set(entries);
  for (const path of reached) for (const edge of graph.get(path) ?? []) reached.add(edge.to);
  return [...graph.keys()]
    .filter((path) => folderOf(path) !== undefined && !isTestFile(path) && !reached.has(path))
    .map((file) => ({
      file,
      line: 1,
      what: 'is reached from no entry point',
      remedy: 'Delete it, use it, or name it x.fixture.ts if only tests need it',
    }));
};
