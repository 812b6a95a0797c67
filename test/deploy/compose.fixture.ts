/**
 * What checks a compose file: the plugin of this machine's docker, or the program of Debian's package, unpacked and not installed.
 * Neither needs an engine for it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { userCache } from '../../src/platform/user-cache.ts';
import { unpackProgram } from '../../tools/debian-package.ts';

const release = 'trixie';

/** The words of the command. Rejects where this machine has none, and none can be fetched. */
export const composeCommand = async (): Promise<readonly [string, ...string[]]> => {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return ['docker', 'compose'];
  } catch {
    return [await fetched()];
  }
};

const fetched = async (): Promise<string> => {
  const cache = userCache(process.env, 'compose');
  const program = join(cache, release, 'docker-compose');
  if (existsSync(program)) return program;
  await mkdir(join(cache, release), { recursive: true });
  const folder = await mkdtemp(join(cache, '.fetch-'));
  try {
    const whole = join(folder, 'whole');
    await copyFile(await unpackProgram(release, 'docker-compose', 'docker-compose', folder), whole);
    await rename(whole, program);
    return program;
  } catch (cause) {
    throw new Error('Nothing here checks compose files: install the compose plugin of docker.', { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
