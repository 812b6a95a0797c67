/** The client's way to the world by what browsers, Node.js, Deno and Bun have in common: WebSocket, timers, microtasks. */
import { browserEnv } from '../platform/browser.ts';
import { subprotocol } from '../protocol/wire.ts';
import type { ClientWorld } from './link.ts';

/** What the token is, or what gives it, asked anew for each connection. */
export type Token = string | (() => string | Promise<string>) | undefined;

export const webWorld = (token: Token): ClientWorld => ({
  env: browserEnv,
  soon: (run) => queueMicrotask(run),
  dial(address, events) {
    const socket = new WebSocket(address, subprotocol);
    socket.binaryType = 'arraybuffer';
    const gone = (): void => {
      socket.close();
      events.closed(0);
    };
    socket.onopen = () => {
      socket.onerror = null;
      events.reached();
      if (typeof token === 'function') Promise.resolve(token()).then(events.opened, gone);
      else events.opened(token ?? null);
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (data instanceof ArrayBuffer) events.received(new Uint8Array(data));
    };
    // The reason is not told to programs. In Node.js 22 no close follows where it never opened.
    socket.onerror = () => events.closed(0);
    socket.onclose = ({ code }) => events.closed(code);
    return {
      send: (frame) => socket.send(frame as Uint8Array<ArrayBuffer>),
      close: () => socket.close(),
      bufferedBytes: () => socket.bufferedAmount,
    };
  },
});
