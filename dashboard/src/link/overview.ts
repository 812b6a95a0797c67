/** How the node does, about once a second, for whatever part of the page shows it. */
import { computed, effect, signal } from '@preact/signals';
import type { Overview } from '../../../src/protocol/overview.ts';
import { followStream } from './follow-stream.ts';
import { link, linkState } from './session.ts';

export const overview = signal<Overview | undefined>(undefined);
/** Why it is not told. */
export const overviewError = signal<unknown>(undefined);

/** Who is not let in asks for nothing. */
const admitted = computed(() => linkState.value !== 'denied');

effect(() => {
  const node = link.value;
  if (!admitted.value) return undefined;
  const control = new AbortController();
  void followStream(
    () => node.overviews(control.signal),
    (newest) => {
      overviewError.value = undefined;
      overview.value = newest;
    },
    (error) => {
      overviewError.value = error;
    },
    control.signal,
  );
  return () => control.abort();
});
