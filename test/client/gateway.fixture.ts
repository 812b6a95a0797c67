/** A gateway's WebSocket on a port of this machine, before any backend. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Backend } from '../../src/gateway/backend.ts';
import { WebSocketGateway } from '../../src/gateway/websocket.ts';
import { nodeEnv } from '../../src/platform/node.ts';

export type TestGateway = {
  readonly url: string;
  readonly port: number;
  readonly gateway: WebSocketGateway;
  close(): Promise<void>;
};

export const serveBackend = async (
  backend: Backend,
  options: { readonly token?: string; readonly addresses?: () => readonly string[]; readonly port?: number } = {},
): Promise<TestGateway> => {
  const { token, addresses } = options;
  const gateway = new WebSocketGateway({ backend, env: nodeEnv(), ...(addresses === undefined ? {} : { addresses }) });
  const server = createServer((_request, response) => response.writeHead(404).end());
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    gateway.take(request, socket, head, token === undefined, { tokenMatches: (given) => given === token });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    gateway,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await gateway.close();
      await closed;
    },
  };
};
