/** For tests: a thread that loads apps, one after the other, and says what came of each. */

import { parentPort } from 'node:worker_threads';
import { encodeError } from '../../values/codec.ts';
import { loadApp } from './load-app.ts';

parentPort?.on('message', (address: string) => {
  loadApp(address).then(
    (app) => parentPort?.postMessage({ names: [...app.definitions.keys()] }),
    (error: unknown) => parentPort?.postMessage({ error: encodeError(error) }),
  );
});
