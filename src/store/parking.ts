/**
 * How a process ends while the store is written. LMDB's binding aborts the process, with a native stack trace in place of the
 * user's exit code, when the thread that begins a transaction is terminated in the middle of the call (seen in 1 of 600
 * ends on a busy machine). So before a process ends of itself (`process.exit`, an uncaught error) the writing thread is told
 * to stand still in JavaScript, and is terminated there.
 */

/** A thread that does not come to it within this is ended where it is. */
const parkWithinMs = 700;

/**
 * In the main thread: when the process ends, `tell` sends the writing thread a cell, and it is given time to `park`. What
 * is returned takes that back.
 */
export const parkOnExit = (tell: (cell: SharedArrayBuffer) => void): (() => void) => {
  const onExit = (): void => {
    const cell = new SharedArrayBuffer(4);
    tell(cell);
    Atomics.wait(new Int32Array(cell), 0, 0, parkWithinMs);
  };
  process.on('exit', onExit);
  return () => process.off('exit', onExit);
};

/** In the writing thread: stands still until the process has ended. */
export const park = (cell: SharedArrayBuffer): void => {
  const parked = new Int32Array(cell);
  Atomics.store(parked, 0, 1);
  Atomics.notify(parked, 0);
  Atomics.wait(parked, 0, 1);
};
