/** Where a user's programs keep what can be made or fetched again. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export const userCache = (env: Readonly<Record<string, string | undefined>>, name: string): string =>
  join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tutti', name);
