/** Entry of a thread that loads an app once, to see whether it loads and which files it is made of. */
import { parentPort, workerData } from 'node:worker_threads';
import { filesOfApp, loadApp } from '../execution/executor/load-app.ts';
import { encodeError } from '../values/codec.ts';
import { withLazyImports } from './lazy-imports.ts';

/** `error` is encoded. */
export type Scouted = { readonly files: readonly string[]; readonly error: string | undefined };

const tell = (error: string | undefined): void =>
  parentPort?.postMessage({ files: withLazyImports(filesOfApp()), error } satisfies Scouted);

process.exit = (code) => {
  const error = new Error(`process.exit(${code ?? ''}) was called outside of a task`);
  // The place that is told is that of the call.
  Error.captureStackTrace(error, process.exit);
  throw error;
};

loadApp(workerData as string).then(
  () => tell(undefined),
  (error: unknown) => tell(encodeError(error)),
);
