/**
 * Reads the project's TypeScript and JavaScript files into what the tidy rules look at: syntax tree, comments, imports.
 *
 * An import is whatever makes one file need another, of four kinds: `value` (`import … from`, `export … from`), `type` (the
 * same with `type` in front of the braces, and `import('…').T`), `dynamic` (`import('…')` with a literal), and `path`: in a
 * file that uses `import.meta.url`, any string that may name a file (that is how thread entry files are named).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseSync } from 'vite';

export type SyntaxNode = { readonly type: string; readonly start: number; readonly end: number } & Record<
  string,
  unknown
>;
export type ImportKind = 'value' | 'type' | 'dynamic' | 'path';
export type Import = { readonly specifier: string; readonly kind: ImportKind; readonly line: number };
export type Comment = { readonly text: string; readonly line: number };

export type SourceFile = {
  /** Path from the repository's root, with `/`. */
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly Import[];
  readonly comments: readonly Comment[];
  readonly program: SyntaxNode;
  lineAt(offset: number): number;
};

const isSyntaxNode = (value: unknown): value is SyntaxNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

/** Calls `visit` for every node, parents before children, with the parent and the field the node stands in. */
export const walk = (
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined, field: string) => void,
  parent?: SyntaxNode,
  field = '',
): void => {
  visit(node, parent, field);
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isSyntaxNode(child)) walk(child, visit, node, name);
    }
  }
};

/** `a.b.c` for a chain of plain property reads, without a leading `globalThis.`; undefined for anything else. */
export const dottedName = (node: unknown): string | undefined => {
  if (!isSyntaxNode(node)) return undefined;
  if (node.type === 'Identifier') return node['name'] as string;
  if (node.type === 'CallExpression') return dottedName(node['callee']);
  if (node.type === 'ChainExpression') return dottedName(node['expression']);
  if (node.type !== 'MemberExpression' || node['computed'] === true) return undefined;
  const object = dottedName(node['object']);
  const property = dottedName(node['property']);
  if (object === undefined || property === undefined) return undefined;
  return object === 'globalThis' ? property : `${object}.${property}`;
};

const literalText = (node: unknown): string | undefined => {
  if (!isSyntaxNode(node)) return undefined;
  if (node.type === 'Literal' && typeof node['value'] === 'string') return node['value'];
  if (node.type === 'TemplateLiteral') {
    const [first] = node['quasis'] as readonly SyntaxNode[];
    return (first?.['value'] as { cooked?: string } | undefined)?.cooked;
  }
  return undefined;
};

const importOf = (node: SyntaxNode): { source: unknown; kind: ImportKind } | undefined => {
  switch (node.type) {
    case 'ImportDeclaration':
      return { source: node['source'], kind: node['importKind'] === 'type' ? 'type' : 'value' };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { source: node['source'], kind: node['exportKind'] === 'type' ? 'type' : 'value' };
    case 'ImportExpression':
      return { source: node['source'], kind: 'dynamic' };
    case 'TSImportType':
      return { source: node['source'], kind: 'type' };
    default:
      return undefined;
  }
};

/** Parses one file. Throws with its path when it is not TypeScript. */
export const parseSource = (path: string, text: string): SourceFile => {
  const parsed = parseSync(path, text);
  const [error] = parsed.errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const lineStarts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lineStarts.push(at + 1);
  const lineAt = (offset: number): number => {
    const after = lineStarts.findIndex((start) => start > offset);
    return after === -1 ? lineStarts.length : after;
  };
  const program = parsed.program as unknown as SyntaxNode;
  const usesOwnUrl = text.includes('import.meta.url');
  const imports: Import[] = [];
  walk(program, (node, parent, field) => {
    const found = importOf(node);
    const specifier = literalText(found?.source);
    if (found !== undefined && specifier !== undefined) {
      imports.push({ specifier, kind: found.kind, line: lineAt(node.start) });
    }
    const inImport = field === 'source' && parent !== undefined && importOf(parent) !== undefined;
    const path = usesOwnUrl && !inImport ? literalText(node) : undefined;
    if (path !== undefined) imports.push({ specifier: path, kind: 'path', line: lineAt(node.start) });
  });
  return {
    path,
    lineCount: text.endsWith('\n') ? lineStarts.length - 1 : lineStarts.length,
    imports,
    comments: parsed.comments.map((comment) => ({ text: comment.value, line: lineAt(comment.start) })),
    program,
    lineAt,
  };
};

const foldersWithCode = ['bench', 'bin', 'dashboard', 'examples', 'src', 'test', 'tools'];
const foldersSkipped = new Set(['node_modules', 'dist', 'testdata', '.tutti']);

/** Every TypeScript and JavaScript file of the project at `root`, in the order of their paths. */
export const readSources = (root: string): readonly SourceFile[] => {
  const paths: string[] = [];
  const list = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!foldersSkipped.has(entry.name)) list(path);
      } else if (/\.(tsx?|js)$/.test(entry.name)) paths.push(path);
    }
  };
  const present = new Set(readdirSync(root));
  for (const folder of foldersWithCode) if (present.has(folder)) list(join(root, folder));
  return paths.sort().map((path) => parseSource(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
};
