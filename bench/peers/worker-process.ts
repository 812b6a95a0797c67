/** Worker processes of peers that work over a server: they end with the process that forked them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a worker process is told. */
export type WorkerSettings = {
  readonly scenario: string;
  /** Redis: the queue's name. */
  readonly queue: string;
  readonly concurrency: number;
  readonly bytesPerMs: number;
  /** It says so when it has done this many. */
  readonly jobs: number;
};

/** What it answers: `ready`, and then how many it has done and the xor of what they gave, whenever that is told. */
export type WorkerMessage = 'ready' | { readonly done: number; readonly xor: number };

export type WorkerProcess = { readonly child: ChildProcess; done: number; xor: number };

/** Starts worker processes and settles when all are ready. `onDone` is called whenever one reports. */
export const startWorkers = async (
  file: string,
  count: number,
  settings: WorkerSettings,
  onDone: (workers: readonly WorkerProcess[]) => void = () => undefined,
): Promise<{ readonly workers: readonly WorkerProcess[]; stop(): Promise<void> }> => {
  const workers = Array.from({ length: count }, (): WorkerProcess => {
    const child = fork(new URL(file, import.meta.url), [JSON.stringify(settings)]);
    return { child, done: 0, xor: 0 };
  });
  for (const worker of workers)
    worker.child.on('message', (message: WorkerMessage) => {
      if (message === 'ready') return;
      worker.done = message.done;
      worker.xor = message.xor;
      onDone(workers);
    });
  await Promise.all(workers.map(({ child }) => once(child, 'message')));
  return {
    workers,
    stop: async () => {
      await Promise.all(
        workers.map(async ({ child }) => {
          if (child.exitCode !== null) return;
          const ended = once(child, 'exit');
          child.disconnect();
          await ended;
        }),
      );
    },
  };
};

/** In a worker process: its settings, and how it reports. It ends when its parent does. */
export const workerSide = () => {
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined);
  const settings = JSON.parse(process.argv[2] as string) as WorkerSettings;
  const counts = { done: 0, xor: 0 };
  let planned = false;
  const tell = (): void => {
    planned = false;
    process.send?.({ ...counts } satisfies WorkerMessage);
  };
  return {
    settings,
    ready: (): void => void process.send?.('ready' satisfies WorkerMessage),
    /** Counts one that is through. */
    did: (result: number): void => {
      counts.done++;
      counts.xor ^= result;
      if (counts.done === settings.jobs) tell();
      else if (!planned) {
        planned = true;
        setTimeout(tell, reportMs);
      }
    },
  };
};

const reportMs = 5;
