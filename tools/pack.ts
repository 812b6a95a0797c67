/**
 * Builds the package that is published: JavaScript and types from `src/`, the client as one file for web pages, the page that nodes
 * serve, a package.json of its own that points at them, and the texts that belong to it, in a staging folder, packed by npm. `npm run pack` leaves the tarball in `dist/`.
 *
 * It has no scripts, no development dependencies and no TypeScript source: Node.js does not strip types below node_modules.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { clientBundle } from './client-bundle.ts';

const root = join(import.meta.dirname, '..');
const copiedFiles = ['bin/tutti.js', 'bin/node-version.js', 'README.md', 'LICENSE', 'ARCHITECTURE.md'];
const keptFields = ['name', 'version', 'description', 'license', 'type', 'engines', 'bin', 'dependencies'] as const;

/** `./src/x.ts` becomes what a user of the package gets: its types and its JavaScript. Everything else stays as it is. */
const publishedExport = (target: unknown): unknown => {
  if (typeof target !== 'string' || !target.endsWith('.ts')) return target;
  const stem = target.slice(0, -'.ts'.length);
  return { types: `${stem}.d.ts`, default: `${stem}.js` };
};

/** The client and all that it loads in one file, for pages without a bundler: beside the client whose types it has. */
const clientFile = 'src/client/client.min.js';

/** The published package.json, made from the repository's. */
export const publishedManifest = (manifest: Readonly<Record<string, unknown>>): Record<string, unknown> => {
  const published: Record<string, unknown> = {};
  for (const field of keptFields) if (manifest[field] !== undefined) published[field] = manifest[field];
  const exports = manifest['exports'] as Readonly<Record<string, unknown>>;
  published['exports'] = {
    ...Object.fromEntries(Object.entries(exports).map(([name, to]) => [name, publishedExport(to)])),
    './client.min.js': { types: './src/client/client.d.ts', default: `./${clientFile}` },
  };
  return published;
};

/** Builds into `folder` (emptied first) and packs it. Returns the path of the tarball, which lies beside `folder`. */
export const buildPackage = async (folder: string): Promise<string> => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [compiler, '-p', join(root, 'tools/tsconfig.pack.json'), '--outDir', folder], {
    stdio: 'inherit',
  });
  for (const file of copiedFiles) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    copyFileSync(join(root, file), join(folder, file));
  }
  writeFileSync(join(folder, clientFile), await clientBundle());
  const bundler = join(root, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [bundler, 'build', 'dashboard', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
  cpSync(join(root, 'dashboard/dist'), join(folder, 'dashboard/dist'), { recursive: true });
  chmodSync(join(folder, 'bin/tutti.js'), 0o755);
  const manifest = publishedManifest(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', dirname(folder)], {
    cwd: folder,
    encoding: 'utf8',
  });
  const [packed] = JSON.parse(output) as readonly [{ filename: string }];
  return join(dirname(folder), packed.filename);
};

if (import.meta.main) console.log(await buildPackage(join(root, 'dist/package')));
