/**
 * Entry of the process that runs a node with its gateway, for `tutti serve` and `tutti dev`. The main thread holds the gateway and no
 * user code. What this process prints goes to the command; it ends when the channel to the command closes.
 */
import { Worker } from 'node:worker_threads';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { accessAt, type Exposure } from '../gateway/exposure.ts';
import { limits } from '../limits.ts';
import type { EmbeddedNode, Serving } from '../node/open.ts';
import type { ServerTrouble } from '../protocol/cluster-overview.ts';
import { encodeError } from '../values/codec.ts';
import { childEntries } from './child-entries.ts';
import { beginChild, openWhenFree, tellCommand } from './child-side.ts';
import type { Scouted } from './scout-thread.ts';
import type { FromServeChild, GatewaySettings, OpenRequest, ToServeChild, Unfinished } from './serve-protocol.ts';

const unfinishedMax = 1_000;

let node: EmbeddedNode | undefined;
let serving: Serving | undefined;
let closing = false;
/** The last certificate that came; it may come before anything is served. */
let renewed: { readonly cert: string; readonly key: string } | undefined;

/** What came before there was a node. */
const troubles: ServerTrouble[] = [];

const tell = (message: FromServeChild): Promise<void> => tellCommand(message);

const open = async ({ app, node: settings, gateway, rehearses }: OpenRequest): Promise<void> => {
  const exposure = exposureOf(gateway);
  accessAt(exposure);
  node = await openWhenFree(app, settings, undefined, () => closing, { rehearses });
  if (closing) return;
  void node.failure.then((error) => failed(error));
  for (const trouble of troubles) node.serverTrouble(trouble);
  serving = await serveSomewhere(node, exposure, gateway);
  if (renewed !== undefined) serving.renewTls(renewed);
  const { url, port } = serving;
  await tell({ kind: 'ready', url, port, tasks: node.tasks, unfinished: await unfinishedOf(node) });
};

const exposureOf = ({ host, token, tls, allowOrigins }: GatewaySettings): Exposure => ({
  host,
  allowOrigins,
  ...(token === undefined ? {} : { token }),
  ...(tls === undefined ? {} : { tls }),
});

const serveSomewhere = async (opened: EmbeddedNode, exposure: Exposure, gateway: GatewaySettings): Promise<Serving> => {
  for (let port = gateway.port; ; port++) {
    try {
      return await opened.serve({ ...exposure, port });
    } catch (error) {
      const taken = isTuttiError(error) && error.code === 'ADDRESS_IN_USE';
      if (!taken || port + 1 >= gateway.port + gateway.portsTried) throw error;
    }
  }
};

const unfinishedOf = async (opened: EmbeddedNode): Promise<readonly Unfinished[]> => {
  const counts = new Map<string, number>();
  for (const { name } of await opened.list({ state: 'unfinished', topLevel: true, limit: unfinishedMax }))
    counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, count }));
};

/** Loads the app in a thread: what it does there ends that thread at the most. */
const scout = async (app: string): Promise<void> => {
  const worker = new Worker(childEntries.scout, { workerData: app, stdout: true, stderr: true });
  const loaded = new Promise<Scouted>((resolve) => {
    const failed = (what: string): void => {
      const error = encodeError(new TuttiError('APP_LOAD', `The app could not be loaded: ${what}.`));
      resolve({ files: [], error });
    };
    worker.on('message', resolve);
    worker.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
    worker.on('exit', () => failed('its thread ended, perhaps in an await that never ends'));
    setTimeout(() => failed(`it took more than ${limits.appLoadMs / 1_000} s`), limits.appLoadMs).unref();
  });
  const { files, error } = await loaded;
  await tell({ kind: 'scouted', files, error });
  await worker.terminate();
};

const failed = async (error: unknown): Promise<void> => {
  if (closing) return;
  await tell({ kind: 'failed', error: encodeError(error) });
  await close();
};

/** Takes nothing new, tells those that are connected, gives back what runs, and ends the process. */
const close = async (): Promise<void> => {
  if (closing) return;
  closing = true;
  await node?.close();
  await tell({ kind: 'closed' });
  process.exit(0);
};

beginChild(() => void close());
process.on('message', (message: ToServeChild) => {
  switch (message.kind) {
    case 'scout':
      void scout(message.app);
      break;
    case 'open':
      open(message).catch(failed);
      break;
    case 'renewed':
      renewed = message.tls;
      serving?.renewTls(renewed);
      break;
    case 'serverTrouble':
      if (node === undefined) troubles.push(message.trouble);
      else node.serverTrouble(message.trouble);
      break;
    case 'close':
      void close();
      break;
    default:
      message satisfies never;
  }
});
