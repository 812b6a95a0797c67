/**
 * `npm run check`: everything that can be said about the code without running it, part by part with the minutes each took.
 * Ends with 1 if a part has findings. `npm run check -- tidy` runs one part.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { printFinding } from './tidy/finding.ts';
import { tidy } from './tidy/tidy.ts';

const root = join(import.meta.dirname, '..');

/** Runs a tool of node_modules on the Node.js that runs this; true if it is content. */
const runTool = (script: string, ...args: string[]): boolean =>
  spawnSync(process.execPath, [join('node_modules', script), ...args], { cwd: root, stdio: 'inherit' }).status === 0;

const parts: Readonly<Record<string, () => boolean>> = {
  'format-and-lint': () =>
    runTool(
      '@biomejs/biome/bin/biome',
      'check',
      '--error-on-warnings',
      '--diagnostic-level=warn',
      '--max-diagnostics=200',
      '.',
    ),
  // What runs in a browser, in part or all of it, sees other globals.
  types: () =>
    ['.', 'dashboard', 'test/browser', 'test/simulation/page/browser'].every((project) =>
      runTool('typescript/bin/tsc', '--noEmit', '-p', project),
    ),
  tidy: () => {
    const findings = tidy(root);
    for (const finding of findings) console.log(printFinding(finding));
    return findings.length === 0;
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`No check is called "${unknown}": there are ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}
const lines: string[] = [];
for (const [name, run] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startMs = performance.now();
  const passed = run();
  const minutes = ((performance.now() - startMs) / 60_000).toFixed(2);
  lines.push(`${name.padEnd(16)} ${minutes} min  ${passed ? 'ok' : 'FAILED: see above'}`);
  if (!passed) process.exitCode = 1;
}
console.log(lines.join('\n'));
