/** Takes what a stream of the node gives, as long as the component is there; again when the link is another. */
import { useEffect } from 'preact/hooks';
import type { NodeLink } from './node-link.ts';
import { link } from './session.ts';

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
        if (!control.signal.aborted) failed(error);
      }
    };
    void run();
    return () => control.abort();
  }, [current, ...again]);
};
