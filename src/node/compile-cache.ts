/** Where the threads of this process find compiled code. */
import { userCache } from '../platform/user-cache.ts';

/**
 * Threads find compiled what any thread has compiled before: a node opens in half the time. The cache is the user's own; one
 * that cannot be written is none. Threads that they start inherit it.
 */
export const withCompileCache = (): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? userCache(process.env, 'compiled'),
});
