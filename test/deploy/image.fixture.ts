/** The image that `deploy/compose.yaml` asks for: Debian with Node.js, nats-server, and an app with the packed Tutti in /srv/shop. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { userCache } from '../../src/platform/user-cache.ts';
import { aptSource } from '../../tools/debian-package.ts';
import { buildPackage } from '../../tools/pack.ts';
import { ensureNatsServer } from '../../tools/setup-nats.ts';
import { type Engine, said } from './engine.fixture.ts';

export const image = 'localhost/shop';

/** Of Debian; with systemd, and with what makes users. */
const release = 'bookworm';
const packages = ['systemd', 'passwd', 'libstdc++6'];

/** Debian's mirrors are not always quick. */
const fetchMs = 240_000;

const app = `
import { task } from 'tutti';
export const charge = task(async (ctx, items: number) => {
  let sum = 0;
  for (let item = 0; item < items; item++) {
    sum += await ctx.run('price', () => item);
    await ctx.sleep('200 ms');
  }
  return sum;
});
`;

/** Makes it in that engine. */
export const makeImage = async (engine: Engine): Promise<void> => {
  const tree = join(engine.folder, 'image');
  const at = (path: string): string => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    return join(tree, path);
  };
  const shop = at('srv/shop');
  mkdirSync(shop);
  writeFileSync(join(shop, 'package.json'), JSON.stringify({ name: 'shop', private: true, type: 'module' }));
  writeFileSync(join(shop, 'app.ts'), app);
  const tarball = await buildPackage(join(engine.folder, 'package'));
  const quietly = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--silent'];
  await said(['npm', 'install', ...quietly, '--prefix', shop, tarball]);
  cpSync(process.execPath, at('usr/local/bin/node'));
  cpSync((await ensureNatsServer()).path, at('usr/local/bin/nats-server'));
  cpSync(npmFolder(), at('usr/local/lib/node_modules/npm'), { recursive: true });
  symlinkSync('../lib/node_modules/npm/bin/npx-cli.js', at('usr/local/bin/npx'));
  // It would ask the registry for a newer npm, which nothing here reaches.
  writeFileSync(at('usr/local/etc/npmrc'), 'update-notifier=false\n');
  // Without the folders that are there already: an image has no path twice.
  const local = ['bin/node', 'bin/nats-server', 'bin/npx', 'lib/node_modules', 'etc/npmrc'];
  const added = ['./srv/shop', ...local.map((path) => `./usr/local/${path}`)];
  const whole = join(engine.folder, 'image.tar');
  await copyFile(await base(), whole);
  await said(['tar', '-C', tree, '--owner=0', '--group=0', '--append', '-f', whole, ...added]);
  await engine.podman('import', '--quiet', whole, image);
  for (const path of [whole, tree]) rmSync(path, { recursive: true });
};

/** That of the npm which runs this. */
const npmFolder = (): string => {
  const program = process.env['npm_execpath'];
  if (program === undefined) throw new Error('this is run by npm: npm run test:deploy');
  return join(dirname(program), '..');
};

/** The smallest Debian with those packages, as one file. Made once, and kept. */
const base = async (): Promise<string> => {
  const cache = userCache(process.env, 'deploy-base');
  const kept = join(cache, `${release}-${packages.join('-')}.tar`);
  if (existsSync(kept)) return kept;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, '.make-'));
  try {
    const made = join(folder, 'made.tar');
    const options = ['--quiet', '--variant=essential', `--include=${packages.join(',')}`];
    await said(['mmdebstrap', ...options, release, made, aptSource().mirror], {}, fetchMs);
    renameSync(made, kept);
    return kept;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
