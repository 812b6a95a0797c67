/**
 * How a process ends while the store is used. LMDB's binding aborts the process, with a native stack trace in place of the user's
 * exit code, when a thread is terminated in the middle of some of its calls: one that begins a transaction or ends a scan, or
 * the loading of the binding (each seen in about 1 of 200 to 500 ends). So before a process ends of itself (`process.exit`, an
 * uncaught error) the threads that use the store are told to stand still in JavaScript, and are terminated there.
 */

/** A thread that does not come to it within this is ended where it is. */
const parkWithinMs = 700;

/** In a thread that may wait: `tell` sends another one a cell, and it is given time to `park`. */
export const waitUntilParked = (tell: (cell: SharedArrayBuffer) => void): void => {
  const cell = new SharedArrayBuffer(4);
  tell(cell);
  Atomics.wait(new Int32Array(cell), 0, 0, parkWithinMs);
};

/** In the main thread: when the process ends, waits for these threads to park. What is returned takes that back. */
export const parkOnExit = (...tells: ((cell: SharedArrayBuffer) => void)[]): (() => void) => {
  const onExit = (): void => tells.forEach(waitUntilParked);
  process.on('exit', onExit);
  return () => process.off('exit', onExit);
};

/** In a thread that uses the store: stands still until the process has ended. */
export const park = (cell: SharedArrayBuffer): void => {
  const parked = new Int32Array(cell);
  Atomics.store(parked, 0, 1);
  Atomics.notify(parked, 0);
  Atomics.wait(parked, 0, 1);
};
