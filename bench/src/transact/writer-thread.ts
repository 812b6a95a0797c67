/** The part of a node thread that the partition needs: the only writer of the store. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { dataPaths } from '../../../src/engine/embedded/data-folder.ts';
import { serveStoreWriter } from '../../../src/execution/state/store-port.ts';
import { openLmdbWriter } from '../../../src/store/lmdb-store.ts';
import type { WriterThreadData } from './counter-table.ts';

const { folder, store } = workerData as WriterThreadData;
const parent = parentPort as MessagePort;
const writer = openLmdbWriter(dataPaths(folder).store);
serveStoreWriter(store, writer);
parent.on('message', async () => {
  await writer.close();
  store.close();
  parent.close();
});
parent.postMessage('ready');
