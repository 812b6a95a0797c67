/**
 * `npm run setup:nats`: sees to it that there is a nats-server that is new enough. On Debian it takes the package of a newer
 * release and unpacks it into the cache folder of the user; nothing is installed. Elsewhere it says which command brings one. Tests call the same function.
 *
 * Several processes may do this at once: each unpacks into a folder of its own, and one of them gets its name.
 */
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import {
  cachedNatsServer,
  findNatsServer,
  installCommand,
  type NatsServerBinary,
  natsServerCache,
  versionOf,
} from '../src/engine/nats/server-binary.ts';
import { isTuttiError, TuttiError } from '../src/errors/tutti-error.ts';
import { isDebian, unpackProgram } from './debian-package.ts';

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
    const unpacked = await unpackProgram(release, 'nats-server', 'nats-server', folder);
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
