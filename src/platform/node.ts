/**
 * The Env of a real process: the system's clock, timers and randomness, all of which Node.js offers as browsers do.
 */
export { browserEnv as nodeEnv } from './browser.ts';
