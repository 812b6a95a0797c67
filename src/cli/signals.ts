/** Something that goes on until the user stops it, and the exit code that tells how. */
import { exitCode } from './exit-code.ts';

/** Signals that stop a command gently, with its exit code then. */
export const stopCodes = { SIGINT: exitCode.interrupted, SIGTERM: exitCode.terminated, SIGHUP: 129 } as const;

export type StopSignal = keyof typeof stopCodes;

/** Runs `go`, whose signal aborts when the process is told to stop; the exit code. */
export const untilStopped = async (go: (signal: AbortSignal) => Promise<void>): Promise<number> => {
  const stop = new AbortController();
  let code: number = exitCode.ok;
  const onSignal = (signal: NodeJS.Signals): void => {
    code = stopCodes[signal as StopSignal];
    stop.abort();
  };
  for (const name of Object.keys(stopCodes)) process.on(name, onSignal);
  try {
    await go(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    for (const name of Object.keys(stopCodes)) process.off(name, onSignal);
  }
  return code;
};
