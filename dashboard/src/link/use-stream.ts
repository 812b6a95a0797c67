/** Takes what a stream of the node gives, as long as the component is there; again when the link is another. */
import { useEffect } from 'preact/hooks';
import { followStream } from './follow-stream.ts';
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
    void followStream(() => open(current, control.signal), take, failed, control.signal);
    return () => control.abort();
  }, [current, ...again]);
};
