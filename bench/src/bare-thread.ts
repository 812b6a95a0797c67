/** A bare thread: hashes its part when told to, and sends all results at once. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { hashWork } from './hash-work.ts';

export type BareWork = { readonly from: number; readonly to: number; readonly bytes: number };

const { from, to, bytes } = workerData as BareWork;
const parent = parentPort as MessagePort;

hashWork(0, bytes);
parent.once('message', () => {
  const results = new Float64Array(to - from);
  for (let index = from; index < to; index++) results[index - from] = hashWork(index, bytes);
  parent.postMessage(results, [results.buffer]);
});
parent.postMessage('ready');
