/** Takes what a stream of the node gives until `signal` aborts; opens it again a while after it failed. (Lost connections are no failures.) */
const againMs = 3_000;

export const followStream = async <Item>(
  open: () => AsyncIterable<Item>,
  take: (item: Item) => void,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> => {
  try {
    for await (const item of open()) {
      if (signal.aborted) return;
      take(item);
    }
  } catch (error) {
    if (signal.aborted) return;
    failed(error);
    setTimeout(() => {
      if (!signal.aborted) void followStream(open, take, failed, signal);
    }, againMs);
  }
};
