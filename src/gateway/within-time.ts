/**
 * Waits for something until it is there, the time is over, or one of the signals says that nobody wants it any more; undefined
 * where it did not come. Whatever of it waits elsewhere is called off.
 */
export const withinTime = async <Value>(
  ms: number,
  stops: readonly AbortSignal[],
  wait: (signal: AbortSignal) => Promise<Value>,
): Promise<Value | undefined> => {
  const givenUp = new AbortController();
  const giveUp = (): void => givenUp.abort();
  const timer = setTimeout(giveUp, ms);
  for (const stop of stops) {
    if (stop.aborted) giveUp();
    stop.addEventListener('abort', giveUp);
  }
  try {
    return await wait(givenUp.signal);
  } catch (error) {
    if (givenUp.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    for (const stop of stops) stop.removeEventListener('abort', giveUp);
  }
};
