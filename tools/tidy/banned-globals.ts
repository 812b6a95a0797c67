/**
 * Clocks, chance, timers and Node.js modules where they must be handed in (see `folders.ts`): the pure folders decide the
 * same from the same input, in the simulator and in a browser.
 */
import { isBuiltin } from 'node:module';
import type { Finding } from './finding.ts';
import { folderOf, isTestFile, mayTouchTheWorld } from './folders.ts';
import { dottedName, type SourceFile, type SyntaxNode, walk } from './source.ts';

const clock = 'Take the time from the event or from Env (platform/env.ts)';
const chance = 'Take randomness from Env (platform/env.ts)';
const timer = 'Use the timers of Env (platform/env.ts), or give an effect out';

const banned: Readonly<Record<string, string>> = {
  'Date.now': clock,
  'performance.now': clock,
  'process.hrtime': clock,
  'process.hrtime.bigint': clock,
  'Math.random': chance,
  'crypto.randomUUID': chance,
  'crypto.getRandomValues': chance,
  setTimeout: timer,
  setInterval: timer,
  setImmediate: timer,
};

/** An identifier that names a property, a parameter or the like, and so is no use of the global. */
const isOnlyAName = (parent: SyntaxNode | undefined, field: string): boolean => {
  if (parent === undefined) return false;
  if (parent.type === 'MemberExpression') return field === 'property' && parent['computed'] !== true;
  if (field === 'key') return parent['shorthand'] !== true && parent['computed'] !== true;
  return field === 'id' || field === 'params' || field === 'label' || parent.type.startsWith('TS');
};

const usedGlobal = (node: SyntaxNode, parent: SyntaxNode | undefined, field: string): string | undefined => {
  if (node.type === 'MemberExpression') return dottedName(node);
  if (node.type === 'Identifier' && !isOnlyAName(parent, field)) return dottedName(node);
  return undefined;
};

const readsTheClock = (node: SyntaxNode): boolean =>
  dottedName(node['callee']) === 'Date' &&
  (node.type === 'CallExpression' || (node.type === 'NewExpression' && (node['arguments'] as unknown[]).length === 0));

export const findBannedGlobals = (files: readonly SourceFile[]): readonly Finding[] => {
  const findings: Finding[] = [];
  for (const file of files) {
    const folder = folderOf(file.path);
    if (folder === undefined || isTestFile(file.path) || mayTouchTheWorld.has(folder)) continue;
    for (const entry of file.imports) {
      if (entry.kind === 'path' || entry.kind === 'type' || !isBuiltin(entry.specifier)) continue;
      findings.push({
        file: file.path,
        line: entry.line,
        what: `imports '${entry.specifier}' in ${folder}, which must not know Node.js`,
        remedy: 'Have it handed in through an interface',
      });
    }
    walk(file.program, (node, parent, field) => {
      const name = usedGlobal(node, parent, field);
      const remedy = name !== undefined && Object.hasOwn(banned, name) ? banned[name] : undefined;
      const line = file.lineAt(node.start);
      if (remedy !== undefined) findings.push({ file: file.path, line, what: `uses ${name} in ${folder}`, remedy });
      else if (readsTheClock(node)) {
        findings.push({ file: file.path, line, what: `reads the clock with Date() in ${folder}`, remedy: clock });
      }
    });
  }
  return findings;
};
