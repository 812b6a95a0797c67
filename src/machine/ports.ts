/** The ports of a machine of a cluster: six in a row, so that one number names them and a firewall needs one rule. */
import { createServer } from 'node:net';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Random } from '../platform/env.ts';

export const hostAndPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Counted from the first one. */
export const portOf = (first: number) => ({
  /** Clients: the node's gateway. */
  gateway: first,
  /** Machines that join, and members of the cluster with questions; on the machine that began it. */
  door: first + 1,
  /** Other nodes' life lines. */
  lifeLine: first + 2,
  /** NATS: nodes. */
  client: first + 3,
  /** NATS: other servers. */
  route: first + 4,
  /** NATS: health, on the loopback. */
  monitor: first + 5,
});

const count = 6;
const triesMax = 50;
/** Below those that systems give to outgoing connections, so that a machine that was away finds its own free again. */
const lowest = 10_000;
const highest = 30_000;

/** The first of six ports that are free; with `wanted` they are those, or `ADDRESS_IN_USE` is thrown. */
export const findPorts = async (host: string, wanted: number, random: Random): Promise<number> => {
  if (wanted !== 0) {
    const taken = await firstTaken(host, wanted);
    if (taken === undefined) return wanted;
    throw new TuttiError(
      'ADDRESS_IN_USE',
      `Port ${taken} of ${host} is taken, or not there to be taken. A machine of a cluster needs ${count} in a row, from ${wanted} on: free it, or name others with --port.`,
      { details: { host, port: taken } },
    );
  }
  for (let tries = 0; tries < triesMax; tries++) {
    const first = lowest + Math.floor(random.fraction() * (highest - lowest));
    if ((await firstTaken(host, first)) === undefined) return first;
  }
  throw new TuttiError('ADDRESS_IN_USE', `No ${count} ports in a row are free on ${host}.`, { details: { host } });
};

const firstTaken = async (host: string, first: number): Promise<number | undefined> => {
  for (let port = first; port < first + count; port++) if (!(await isFree(host, port))) return port;
  return undefined;
};

const isFree = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
