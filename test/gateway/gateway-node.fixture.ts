/** A node of the tests' app, in memory, with a gateway on a free port of 127.0.0.1. */
import type { Backend } from '../../src/gateway/backend.ts';
import { type GatewayServer, type ListenOptions, listen } from '../../src/gateway/server.ts';
import { type EmbeddedNode, openNode } from '../../src/node/open.ts';

const module = new URL('./gateway-app.fixture.ts', import.meta.url).href;

export type TestGateway = {
  readonly url: string;
  readonly node: EmbeddedNode;
  readonly backend: Backend;
  readonly server: GatewayServer;
  /** What the gateway reported: nothing, unless it has a mistake. */
  readonly reports: unknown[];
  /** As `fetch`, with a path. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  /** Starts a task and gives its id. */
  readonly start: (name: string, input?: string) => Promise<string>;
  readonly close: () => Promise<void>;
};

export const openTestGateway = async (options: Partial<ListenOptions> = {}): Promise<TestGateway> => {
  const node = await openNode({ module, engine: 'memory', executors: 1 }, undefined);
  const backend = await node.backend();
  const reports: unknown[] = [];
  const server = await listen(backend, { port: 0, report: (error) => reports.push(error), ...options });
  const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);
  return {
    url: server.url,
    node,
    backend,
    server,
    reports,
    ask,
    start: async (name, input = '') => {
      const response = await ask(`/v1/tasks/${name}`, { method: 'POST', body: input });
      return ((await response.json()) as { id: string }).id;
    },
    close: async () => {
      await server.close();
      await node.close();
    },
  };
};

/** Status, and the body read as JSON (undefined where there is none). */
export const told = async (response: Response | Promise<Response>): Promise<{ status: number; body: unknown }> => {
  const { status, text } = await Promise.resolve(response).then(async (answer) => ({
    status: answer.status,
    text: await answer.text(),
  }));
  return { status, body: text === '' ? undefined : JSON.parse(text) };
};
