/** Names of source files: kebab-case, one idea each, no drawers that take anything. */
import type { Finding } from './finding.ts';
import type { SourceFile } from './source.ts';

const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*\.(tsx?|js)$/;
const drawer = /(^|\/)(utils?|helpers?|common|misc|shared|interfaces|types)(\.tsx?|\/)/;

export const findBadNames = (files: readonly SourceFile[]): readonly Finding[] => {
  const findings: Finding[] = [];
  for (const { path } of files) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (!kebabCase.test(name)) {
      findings.push({ file: path, line: 1, what: 'is not named in kebab-case', remedy: 'Rename it, like log-file.ts' });
    }
    if (/^(dashboard\/)?src\//.test(path) && drawer.test(path)) {
      findings.push({ file: path, line: 1, what: 'is a drawer for anything', remedy: 'Name it after its one idea' });
    }
  }
  return findings;
};
