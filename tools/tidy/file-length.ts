/** Files that have grown past one idea. */
import type { Finding } from './finding.ts';
import type { SourceFile } from './source.ts';

export const linesMax = 400;

/** Files that are allowed to be longer, with the length they may have. Entries may only shrink or go; none are added. */
export const longFiles: Readonly<Record<string, number>> = {};

export const findLongFiles = (
  files: readonly SourceFile[],
  allowances: Readonly<Record<string, number>> = longFiles,
): readonly Finding[] => {
  const findings: Finding[] = [];
  const counts = new Map(files.map((file) => [file.path, file.lineCount]));
  for (const [file, count] of counts) {
    const allowed = allowances[file] ?? linesMax;
    if (count <= allowed) continue;
    const what = `has ${count} lines, more than ${allowed}`;
    findings.push({ file, line: allowed + 1, what, remedy: 'Split it: a file has one idea' });
  }
  for (const [file, allowed] of Object.entries(allowances)) {
    const count = counts.get(file) ?? 0;
    if (count >= allowed && count > linesMax) continue;
    const remedy =
      count > linesMax
        ? `Lower its entry to ${count} in tools/tidy/file-length.ts`
        : 'Take it off the list in tools/tidy/file-length.ts';
    findings.push({ file, line: 1, what: `is allowed ${allowed} lines and has ${count}`, remedy });
  }
  return findings;
};
