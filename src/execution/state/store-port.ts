/**
 * The store's writer as a state thread sees it: the writer itself lives on the node thread (DESIGN section 6). A slice goes
 * over as one buffer, and each call settles when the node thread says so.
 */
import type { MessagePort } from 'node:worker_threads';
import type { StoreMarker, StoreWrite, StoreWriter } from '../../store/store.ts';
import { decodeError, encodeError } from '../../values/codec.ts';
import { decodeSlice, encodeSlice } from './store-slice.ts';

type Request =
  | { readonly id: number; readonly kind: 'write'; readonly partition: number; readonly slice: Uint8Array }
  | { readonly id: number; readonly kind: 'mark'; readonly partition: number; readonly marker: StoreMarker }
  | { readonly id: number; readonly kind: 'clear'; readonly partition: number };

type Answer = { readonly id: number; readonly error: string | undefined };

type Waiting = { readonly resolve: () => void; readonly reject: (error: Error) => void };

export class RemoteStoreWriter implements StoreWriter {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', ({ id, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve();
      else waiting?.reject(decodeError(error));
    });
  }

  write(partition: number, slice: readonly StoreWrite[]): Promise<void> {
    const bytes = encodeSlice(slice);
    return this.#ask({ id: this.#next++, kind: 'write', partition, slice: bytes }, [bytes.buffer]);
  }

  mark(partition: number, marker: StoreMarker): Promise<void> {
    return this.#ask({ id: this.#next++, kind: 'mark', partition, marker });
  }

  clear(partition: number): Promise<void> {
    return this.#ask({ id: this.#next++, kind: 'clear', partition });
  }

  close(): Promise<void> {
    this.#port.close();
    return Promise.resolve();
  }

  #ask(request: Request, moved: readonly ArrayBuffer[] = []): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      this.#port.postMessage(request, moved);
    });
  }
}

/** Serves a `RemoteStoreWriter` at the other end of `port`. */
export const serveStoreWriter = (port: MessagePort, writer: StoreWriter): void => {
  const perform = (request: Request): Promise<void> => {
    switch (request.kind) {
      case 'write':
        return writer.write(request.partition, decodeSlice(request.slice));
      case 'mark':
        return writer.mark(request.partition, request.marker);
      case 'clear':
        return writer.clear(request.partition);
    }
  };
  port.on('message', (request: Request) => {
    const answer = (error: string | undefined): void => port.postMessage({ id: request.id, error } satisfies Answer);
    perform(request).then(
      () => answer(undefined),
      (error: unknown) => answer(encodeError(error)),
    );
  });
};
