/**
 * The entry of the thread in which simulated worlds run, one after the other. The first thing it does is to replace clocks,
 * timers and chance; everything else is imported after that.
 */
import { parentPort } from 'node:worker_threads';
import { installVirtualGlobals } from './virtual-globals.ts';

installVirtualGlobals();
const { installDeterminism } = await import('../execution/executor/determinism.ts');
installDeterminism();
const { installFreshModules } = await import('./fresh-modules.ts');
const { runInWorld } = await import('./run-in-world.ts');

import type { FromWorldThread, ToWorldThread } from './thread-messages.ts';

const tell = (message: FromWorldThread): void => parentPort?.postMessage(message);
const importing: string[] = [];
installFreshModules((url) => importing.push(url));
let runs = 0;
parentPort?.on('message', (message: ToWorldThread) => {
  void runInWorld(message, { run: runs++, importing, tell }).then(tell);
});
tell({ kind: 'ready' });
