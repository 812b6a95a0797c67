/** Imports that point the wrong way (see `folders.ts`). Test files may import anything and are not looked at. */
import type { Finding } from './finding.ts';
import { contractFiles, folderOf, isTestFile, lazyFromIndex, mayImport, seesContractsOnly } from './folders.ts';
import type { Edge, ImportGraph } from './import-graph.ts';
import type { SourceFile } from './source.ts';

const judge = (from: string, edge: Edge): { what: string; remedy: string } | undefined => {
  const folder = folderOf(from) ?? '';
  const target = folderOf(edge.to);
  if (target === undefined) {
    return { what: `imports ${edge.to} from outside of src/`, remedy: 'Shipped code imports only src/ and packages' };
  }
  if (isTestFile(edge.to)) {
    return { what: `imports the test file ${edge.to}`, remedy: 'Move what both need to a file of its own' };
  }
  const allowed = mayImport[folder];
  if (allowed === undefined) {
    return { what: `src/${folder} has no place in the order of folders`, remedy: 'Add it to tools/tidy/folders.ts' };
  }
  if (target === folder) return undefined;
  if (folder === 'index.ts' && lazyFromIndex.has(target)) {
    if (edge.kind === 'dynamic' || edge.kind === 'type') return undefined;
    return {
      what: `loads ${edge.to} together with the root export`,
      remedy: `Use import('${edge.specifier}') when it is called`,
    };
  }
  if (!allowed.includes(target)) {
    const list = allowed.length === 0 ? 'nothing' : allowed.join(', ');
    return {
      what: `${folder} must not import ${edge.to}`,
      remedy: `It may import ${list}: take what it needs as a parameter, or move the code`,
    };
  }
  if (seesContractsOnly.has(folder) && (target === 'engine' || target === 'store')) {
    if (contractFiles.has(edge.to) && edge.kind === 'type') return undefined;
    return {
      what: `${folder} must not import an implementation (${edge.to})`,
      remedy: 'Use `import type` of engine/engine.ts or store/store.ts and have the rest handed in',
    };
  }
  return undefined;
};

export const findWrongArrows = (files: readonly SourceFile[], graph: ImportGraph): readonly Finding[] => {
  const findings: Finding[] = [];
  for (const file of files) {
    if (folderOf(file.path) === undefined || isTestFile(file.path)) continue;
    for (const edge of graph.get(file.path) ?? []) {
      const wrong = judge(file.path, edge);
      if (wrong !== undefined) findings.push({ file: file.path, line: edge.line, ...wrong });
    }
    for (const entry of file.imports) {
      if (entry.kind === 'path' || !/^tutti($|\/)/.test(entry.specifier)) continue;
      findings.push({
        file: file.path,
        line: entry.line,
        what: `imports its own package by name ('${entry.specifier}')`,
        remedy: 'Import the file that defines it',
      });
    }
  }
  return findings;
};
