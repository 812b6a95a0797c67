/**
 * `npm run setup:nats`: sees to it that there is a nats-server that is new enough. On Debian it takes the package of a newer
 * release from the mirror that this machine uses, verified with the keys it trusts, and unpacks it into the cache folder of the
 * user; nothing is installed. Elsewhere it says which command brings one. Tests call the same function.
 *
 * Several processes may do this at once: each unpacks into a folder of its own, and one of them gets its name.
 */
import { execFile } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  cachedNatsServer,
  findNatsServer,
  installCommand,
  type NatsServerBinary,
  natsServerCache,
  versionOf,
} from '../src/engine/nats/server-binary.ts';
import { isTuttiError, TuttiError } from '../src/errors/tutti-error.ts';

const run = promisify(execFile);

/** The release of Debian that has a server which is new enough, and one that has a server to be refused. */
const newRelease = 'forky';
const oldRelease = 'bookworm';
const oldVersion = '2.9.10';

/** The server to use, fetched if this machine has none. Throws `ENGINE_MISSING` with what to do. */
export const ensureNatsServer = async (): Promise<NatsServerBinary> => {
  try {
    return await findNatsServer();
  } catch (error) {
    if (process.env['TUTTI_NATS_SERVER'] || !isDebian()) throw error;
    await fetchFromDebian(newRelease);
    return findNatsServer();
  }
};

/** A server that is too old, to see it refused. On Debian only. */
export const ensureOldNatsServer = async (): Promise<NatsServerBinary> => {
  const binary = cachedNatsServer(oldVersion);
  if (existsSync(binary)) return { path: binary, version: oldVersion };
  if (!isDebian())
    throw missing(`The test of a nats-server that is too old needs ${oldVersion} as ${binary}`, undefined);
  return fetchFromDebian(oldRelease);
};

const isDebian = (): boolean =>
  existsSync('/etc/os-release') && /^ID=["']?debian["']?$/m.test(readFileSync('/etc/os-release', 'utf8'));

const missing = (what: string, cause: unknown): TuttiError =>
  new TuttiError(
    'ENGINE_MISSING',
    `${what}. Get one by hand (${installCommand()}) and put it on PATH, or set TUTTI_NATS_SERVER to it.`,
    cause === undefined ? {} : { cause },
  );

const fetchFromDebian = async (release: string): Promise<NatsServerBinary> => {
  const cache = natsServerCache();
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, '.fetch-'));
  try {
    const unpacked = await download(release, folder);
    const version = await versionOf(unpacked);
    if (version === undefined) throw new Error(`the nats-server of Debian ${release} does not run on this machine`);
    const target = cachedNatsServer(version);
    const ready = path.join(folder, 'ready');
    await mkdir(ready);
    await copyFile(unpacked, path.join(ready, path.basename(target)));
    await chmod(path.join(ready, path.basename(target)), 0o755);
    await rename(ready, path.dirname(target)).catch((error: unknown) => {
      // Another process was quicker.
      if (!existsSync(target)) throw error;
    });
    return { path: target, version };
  } catch (error) {
    const said =
      (error as { stderr?: string }).stderr?.trim() || (error instanceof Error ? error.message : String(error));
    throw missing(`A nats-server could not be fetched from Debian ${release}: ${said}`, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** apt with lists and caches of its own; it knows no package of this machine and changes nothing of it. */
const download = async (release: string, folder: string): Promise<string> => {
  const { mirror, keys } = aptSource();
  const at = (name: string): string => path.join(folder, name);
  for (const name of ['sources', 'lists/partial', 'cache/archives/partial', 'state', 'deb', 'tree'])
    await mkdir(at(name), { recursive: true });
  await writeFile(at('state/status'), '');
  await writeFile(
    at('sources/one.sources'),
    `Types: deb\nURIs: ${mirror}\nSuites: ${release}\nComponents: main\nSigned-By: ${keys}\n`,
  );
  const options = [
    'Dir::Etc::SourceList=/dev/null',
    `Dir::Etc::SourceParts=${at('sources')}`,
    `Dir::State=${at('state')}`,
    `Dir::State::Lists=${at('lists')}`,
    `Dir::State::Status=${at('state/status')}`,
    `Dir::Cache=${at('cache')}`,
    'Acquire::Languages=none',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  const settings = { cwd: at('deb'), timeout: 120_000 };
  await run('apt-get', [...options, '-qq', 'update'], settings);
  await run('apt-get', [...options, '-qq', 'download', 'nats-server'], settings);
  const [deb] = (await readdir(at('deb'))).filter((name) => name.endsWith('.deb'));
  if (deb === undefined) throw new Error('apt-get brought no package');
  await run('dpkg', ['-x', at(`deb/${deb}`), at('tree')], settings);
  const [binary] = globSync('**/bin/nats-server', { cwd: at('tree') }).concat(
    globSync('**/sbin/nats-server', { cwd: at('tree') }),
  );
  if (binary === undefined) throw new Error(`there is no nats-server in ${deb}`);
  return at(`tree/${binary}`);
};

/** The mirror and the keys with which this machine gets Debian itself. */
const aptSource = (): { readonly mirror: string; readonly keys: string } => {
  const keysDefault = '/usr/share/keyrings/debian-archive-keyring.gpg';
  for (const file of globSync('/etc/apt/sources.list.d/*.sources')) {
    for (const paragraph of readFileSync(file, 'utf8').split(/\n\s*\n/)) {
      const field = (name: string): string | undefined =>
        new RegExp(`^${name}:\\s*(\\S+)`, 'im').exec(paragraph.replaceAll(/^#.*\n/gm, ''))?.[1];
      const mirror = field('URIs');
      if (mirror !== undefined && /\/debian\/?$/.test(mirror))
        return { mirror, keys: field('Signed-By') ?? keysDefault };
    }
  }
  for (const file of ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.list')]) {
    if (!existsSync(file)) continue;
    const line = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+\/debian\/?)\s/m.exec(readFileSync(file, 'utf8'));
    if (line === null) continue;
    return { mirror: line[2] as string, keys: /signed-by=(\S+)/.exec(line[1] ?? '')?.[1] ?? keysDefault };
  }
  throw new Error('no mirror of Debian was found in /etc/apt');
};

if (import.meta.main) {
  try {
    const { path: binary, version } = await ensureNatsServer();
    console.log(`nats-server ${version}: ${binary}`);
  } catch (error) {
    if (!isTuttiError(error)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
