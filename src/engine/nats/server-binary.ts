/**
 * Finds the nats-server of this machine: the one that `TUTTI_NATS_SERVER` names, the one on PATH, or one that
 * `npm run setup:nats` has put into the cache folder of the user (`nats-server/<version>/`), which outlives `npm ci`.
 */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { TuttiError } from '../../errors/tutti-error.ts';
import { userCache } from '../../platform/user-cache.ts';
import { isAtLeast, natsServerMinimum, newestFirst } from './version.ts';

export type NatsServerBinary = { readonly path: string; readonly version: string };

export type Surroundings = Readonly<Record<string, string | undefined>>;

const fileName = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
const run = promisify(execFile);

/** Where fetched servers lie, one folder for each version. */
export const natsServerCache = (env: Surroundings = process.env): string => userCache(env, 'nats-server');

export const cachedNatsServer = (version: string, env: Surroundings = process.env): string =>
  path.join(natsServerCache(env), version, fileName);

/**
 * The server to run. Throws `ENGINE_MISSING` if there is none that is new enough; the message says what was found and how to get
 * one. Where `TUTTI_NATS_SERVER` is set, nothing else is looked at.
 */
export const findNatsServer = async (env: Surroundings = process.env): Promise<NatsServerBinary> => {
  const named = env['TUTTI_NATS_SERVER'];
  const refused: string[] = [];
  for (const candidate of named ? [named] : candidates(env)) {
    const version = await versionOf(candidate);
    if (version === undefined) {
      if (named) refused.push(`${candidate} (TUTTI_NATS_SERVER) does not run`);
    } else if (isAtLeast(version, natsServerMinimum)) return { path: candidate, version };
    else refused.push(`${candidate} is ${version}`);
  }
  const found = refused.length > 0 ? ` Not usable: ${refused.join('; ')}.` : '';
  throw new TuttiError(
    'ENGINE_MISSING',
    `No nats-server of version ${natsServerMinimum} or newer was found.${found} Run \`npm run setup:nats\`, install one (${installCommand()}), or set TUTTI_NATS_SERVER to one.`,
    { details: { minimum: natsServerMinimum, refused } },
  );
};

/** Undefined where this is no server that runs here. */
export const versionOf = async (binary: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run(binary, ['--version'], { timeout: 10_000 });
    return /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
};

/** The one command that brings a server to this kind of machine. */
export const installCommand = (platform: NodeJS.Platform = process.platform): string => {
  if (platform === 'darwin') return 'brew install nats-server';
  if (platform === 'win32') return 'winget install NATSAuthors.NATSServer';
  return 'docker create --name nats nats:2.15 && docker cp nats:/nats-server . && docker rm nats';
};

const candidates = (env: Surroundings): readonly string[] => {
  // Debian has it in /usr/sbin, which is not on everybody's PATH.
  const folders = [...(env['PATH'] ?? '').split(path.delimiter), '/usr/local/sbin', '/usr/sbin'].filter(
    (one) => one !== '',
  );
  return [
    ...folders.map((folder) => path.join(folder, fileName)),
    ...cachedVersions(env).map((version) => cachedNatsServer(version, env)),
  ];
};

const cachedVersions = (env: Surroundings): readonly string[] => {
  try {
    return readdirSync(natsServerCache(env)).sort(newestFirst);
  } catch {
    return [];
  }
};
