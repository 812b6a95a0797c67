/** What every process that a command starts does (`child.ts` is the command's side). */
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import { isTuttiError } from '../errors/tutti-error.ts';
import { type Development, type EmbeddedNode, type OpenOptions, openNode } from '../node/open.ts';
import { childEntries } from './child-entries.ts';
import type { NodeSettings } from './run-protocol.ts';

/** A folder whose last process is only just ending is waited for. */
const lockWaitMs = 3_000;
const lockAgainMs = 100;

/** Leaves signals to the command (the terminal sends them to both), and closes when the command is gone. */
export const beginChild = (close: () => void): void => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
  process.on('disconnect', close);
  new Worker(childEntries.guard, { name: 'tutti-guard' }).unref();
};

/** Settles when the message is on its way, or nobody is there to hear it. */
export const tellCommand = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });

/** Opens the node of these settings; `given up` ends the waiting for a folder that is held. */
export const openWhenFree = async (
  module: string,
  settings: NodeSettings,
  catalogue: AppCatalogue | undefined,
  givenUp: () => boolean,
  development?: Development,
): Promise<EmbeddedNode> => {
  const options: OpenOptions = {
    module,
    data: settings.data,
    engine: settings.engine,
    logLevel: settings.logLevel,
    ...(settings.cluster === undefined ? {} : { cluster: settings.cluster }),
    ...(settings.executors === undefined ? {} : { executors: settings.executors }),
    ...(settings.slots === undefined ? {} : { slots: settings.slots }),
    ...(settings.partitions === undefined ? {} : { partitions: settings.partitions }),
    ...(settings.hangLimitMs === undefined ? {} : { hangLimit: settings.hangLimitMs }),
  };
  const giveUpAt = performance.now() + lockWaitMs;
  for (;;) {
    try {
      return await openNode(options, catalogue, development);
    } catch (error) {
      const locked = isTuttiError(error) && error.code === 'DATA_LOCKED';
      if (!locked || givenUp() || performance.now() > giveUpAt) throw error;
    }
    await pause(lockAgainMs);
  }
};
