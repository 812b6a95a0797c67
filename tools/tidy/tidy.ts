/** All tidy rules over one tree. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findWrongArrows } from './arrows.ts';
import { findBannedGlobals } from './banned-globals.ts';
import { findCycles } from './cycles.ts';
import { findDeadFiles } from './dead-files.ts';
import { findLongFiles } from './file-length.ts';
import { findBadNames } from './file-names.ts';
import type { Finding } from './finding.ts';
import { importGraph } from './import-graph.ts';
import { findLeftovers } from './leftovers.ts';
import { findLockedAddresses } from './lock-file.ts';
import { findNodeInRootExport } from './root-export.ts';
import { readSources } from './source.ts';
import { findTestMarks } from './test-marks.ts';

/** What is not as it should be in the project at `root`, in the order of files and lines. */
export const tidy = (root: string): readonly Finding[] => {
  const files = readSources(root);
  const graph = importGraph(files);
  const lock = join(root, 'package-lock.json');
  const findings = [
    ...findWrongArrows(files, graph),
    ...findCycles(graph),
    ...findNodeInRootExport(files, graph),
    ...findBannedGlobals(files),
    ...findLongFiles(files),
    ...findDeadFiles(files, graph, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))),
    ...findTestMarks(files),
    ...findLeftovers(files),
    ...findBadNames(files),
    ...findLockedAddresses(existsSync(lock) ? readFileSync(lock, 'utf8') : ''),
  ];
  return findings.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
};
