/**
 * Files of `src/` that nothing shipped needs. Shipped is what can be reached from package.json: its `exports` and `bin`, over
 * imports of any kind and the paths of thread entry files. Being used by a test is no use.
 */
import { posix } from 'node:path';
import type { Finding } from './finding.ts';
import { folderOf, isTestFile } from './folders.ts';
import type { ImportGraph } from './import-graph.ts';
import type { SourceFile } from './source.ts';

type Entry = { readonly path: string; readonly namedIn: string };

/** The files that package.json offers, and those that its commands load. */
const entryFiles = (manifest: unknown, files: readonly SourceFile[]): readonly Entry[] => {
  const { exports, bin } = manifest as { exports?: unknown; bin?: unknown };
  const entries: Entry[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
    else if (typeof value === 'string' && /\.(ts|js)$/.test(value)) {
      entries.push({ path: posix.normalize(value), namedIn: 'package.json' });
    }
  };
  collect(exports);
  collect(bin);
  const commands = files.filter((file) => file.path.startsWith('bin/'));
  for (const { path, imports } of commands) {
    for (const { specifier } of imports) {
      const target = posix.join('bin', specifier);
      if (/^src\/.*\.ts$/.test(target)) entries.push({ path: target, namedIn: path });
    }
  }
  return entries;
};

export const findDeadFiles = (
  files: readonly SourceFile[],
  graph: ImportGraph,
  manifest: unknown,
): readonly Finding[] => {
  const entries = entryFiles(manifest, files);
  const missing = entries.filter(({ path }) => !graph.has(path));
  if (missing.length > 0) {
    return missing.map(({ path, namedIn }) => ({
      file: namedIn,
      line: 1,
      what: `names ${path}, which does not exist`,
      remedy: 'Write it, or do not name it',
    }));
  }
  const reached = new Set(entries.map(({ path }) => path));
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
