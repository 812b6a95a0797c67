/** Which file needs which: the imports of all files, resolved to the project's own files. */
import { posix } from 'node:path';
import type { ImportKind, SourceFile } from './source.ts';

export type Edge = {
  readonly to: string;
  readonly kind: ImportKind;
  readonly line: number;
  readonly specifier: string;
};
export type ImportGraph = ReadonlyMap<string, readonly Edge[]>;

/** The file that a specifier in `from` means, undefined if it is not one of `known`. A path may leave out its extension. */
export const resolveImport = (from: string, specifier: string, known: ReadonlySet<string>): string | undefined => {
  if (specifier === '' || specifier.includes(':')) return undefined;
  const target = posix.join(posix.dirname(from), specifier);
  return [target, `${target}.ts`, `${target}.tsx`, `${target}ts`].find((path) => known.has(path));
};

export const importGraph = (files: readonly SourceFile[]): ImportGraph => {
  const known = new Set(files.map((file) => file.path));
  return new Map(
    files.map((file) => [
      file.path,
      file.imports.flatMap((entry) => {
        if (entry.kind !== 'path' && !entry.specifier.startsWith('.')) return [];
        const to = resolveImport(file.path, entry.specifier, known);
        return to === undefined ? [] : [{ to, kind: entry.kind, line: entry.line, specifier: entry.specifier }];
      }),
    ]),
  );
};
