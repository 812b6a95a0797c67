/**
 * Loaded in each thread of a node before all else: clocks that are wrong, and connections to other nodes that are cut, as the test says
 * by messages to the process. The main thread takes them and tells the other threads.
 */

import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/** `skewMs`: by how much its clock is ahead. `cut`: addresses of hosts that cannot be reached. */
export type NodeFault = { readonly skewMs: number; readonly cut: readonly string[] };

let fault: NodeFault = { skewMs: 0, cut: [] };

const RealDate = Date;
const realNow = Date.now;
class SkewedDate extends RealDate {
  constructor(...args: [] | [number]) {
    if (args.length === 0) super(realNow() + fault.skewMs);
    else super(...args);
  }

  static override now(): number {
    return realNow() + fault.skewMs;
  }
}
globalThis.Date = SkewedDate as DateConstructor;

const sockets = new Map<net.Socket, string>();
const realConnect = net.connect;
const isCut = (host: string): boolean => fault.cut.includes(host);

net.connect = ((...args: Parameters<typeof realConnect>) => {
  const [where] = args as unknown as [{ readonly host?: string }];
  const host = typeof where === 'object' && where !== null ? (where.host ?? '') : '';
  // Nobody answers: the connection is never made.
  if (isCut(host)) return new net.Socket();
  const socket = realConnect(...args);
  sockets.set(socket, host);
  socket.once('close', () => sockets.delete(socket));
  return socket;
}) as typeof net.connect;
syncBuiltinESMExports();

const take = (told: NodeFault): void => {
  fault = told;
  for (const [socket, host] of sockets) if (isCut(host)) socket.destroy();
};

const channel = new BroadcastChannel('node-faults');
channel.onmessage = (event) => take((event as { readonly data: NodeFault }).data);
channel.unref();
if (isMainThread)
  process.on('message', (told: { readonly nodeFault?: NodeFault }) => {
    if (told.nodeFault === undefined) return;
    take(told.nodeFault);
    channel.postMessage(told.nodeFault);
  });
