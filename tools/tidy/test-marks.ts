/** Tests that do not run, or that keep others from running: `skip`, `only`, `todo`, `fails` and their conditional forms. */
import type { Finding } from './finding.ts';
import { dottedName, type SourceFile, type SyntaxNode, walk } from './source.ts';

const testFunction = /^(it|test|describe|suite|bench)(\.|$)/;
const mark = /\.(skip|only|todo|fails|skipIf|runIf)\b/;
const optionMarks = new Set(['skip', 'only', 'todo', 'fails']);

const optionMark = (call: SyntaxNode): string | undefined => {
  for (const argument of call['arguments'] as readonly SyntaxNode[]) {
    if (argument.type !== 'ObjectExpression') continue;
    for (const property of argument['properties'] as readonly SyntaxNode[]) {
      const name = dottedName(property['key']);
      if (name !== undefined && optionMarks.has(name)) return name;
    }
  }
  return undefined;
};

export const findTestMarks = (files: readonly SourceFile[]): readonly Finding[] => {
  const findings: Finding[] = [];
  for (const file of files) {
    if (!file.path.endsWith('.test.ts') && !file.path.endsWith('conformance.ts')) continue;
    walk(file.program, (node) => {
      if (node.type !== 'CallExpression') return;
      const name = dottedName(node['callee']);
      if (name === undefined) return;
      const isTest = testFunction.test(name);
      const found = isTest
        ? (mark.exec(name)?.[1] ?? optionMark(node))
        : /^\w+\.skip$|^x(it|describe|test)$/.exec(name)?.[0];
      if (found === undefined) return;
      findings.push({
        file: file.path,
        line: file.lineAt(node.start),
        what: `a test is marked ${found}`,
        remedy: 'Every test runs: make it pass, or delete it',
      });
    });
  }
  return findings;
};
