/**
 * Takes what a stream of the node gives, as long as the component is there; again when the link is another, and a while after it
 * failed. (Lost connections are no failures: the client goes on over them.)
 */
import { useEffect } from 'preact/hooks';
import type { NodeLink } from './node-link.ts';
import { link } from './session.ts';

const againMs = 3_000;

export const useStream = <Item>(
  open: (link: NodeLink, signal: AbortSignal) => AsyncIterable<Item>,
  take: (item: Item) => void,
  failed: (error: unknown) => void = () => undefined,
  again: readonly unknown[] = [],
): void => {
  const current = link.value;
  // The caller says when the stream is another.
  useEffect(() => {
    const control = new AbortController();
    const run = async (): Promise<void> => {
      try {
        for await (const item of open(current, control.signal)) {
          if (control.signal.aborted) return;
          take(item);
        }
      } catch (error) {
        if (control.signal.aborted) return;
        failed(error);
        setTimeout(() => {
          if (!control.signal.aborted) void run();
        }, againMs);
      }
    };
    void run();
    return () => control.abort();
  }, [current, ...again]);
};
