/** What tests of the NATS engine share: an engine on a cluster, and a writer that does what a partition's leader does. */
import type { Log } from '../../src/engine/engine.ts';
import { connectNats, type NatsEngine } from '../../src/engine/nats/connect.ts';
import type { NatsOptions } from '../../src/engine/nats/nats-options.ts';
import { Pipeline, type PipelineStep } from '../../src/partition/pipeline.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import type { NatsCluster } from '../../tools/nats-cluster.ts';

export const connectTo = (servers: NatsCluster, more: Partial<NatsOptions> = {}): Promise<NatsEngine> =>
  connectNats({
    servers: servers.urls,
    cluster: 'c',
    replicas: servers.replicas,
    name: 'test',
    env: nodeEnv(),
    onWarning: () => {},
    ...more,
  });

export const recordOf = (position: number): Uint8Array => new TextEncoder().encode(`record ${position}`.repeat(100));

/**
 * Appends the records 1 to `count` through a partition's own pipeline, eight under way at once. `onAcknowledged` is told each as it
 * becomes certain, in order.
 */
export const writeThrough = (log: Log, count: number, onAcknowledged: (position: number) => void): Promise<void> => {
  const pipeline = new Pipeline<never>({ window: 8, carefulWindow: 1, logId: [1, 1], epoch: 0 });
  return new Promise((resolve, reject) => {
    let pushed = 0;
    const after = (work: Promise<PipelineStep<never>[]>): void => void work.then(perform).catch(reject);
    const perform = (steps: readonly PipelineStep<never>[]): void => {
      for (const step of steps) {
        if (step.kind === 'append') {
          const { entry } = step;
          after(log.append(entry.bytes, entry.after).then((result) => pipeline.appendResult(entry, result)));
        } else if (step.kind === 'read') after(log.read(step.from).then((records) => pipeline.readResult(records)));
        else if (step.kind === 'acknowledged') {
          onAcknowledged(step.position);
          if (step.position === count) resolve();
        } else throw new Error(`The only writer met a ${step.kind}.`);
      }
      while (pushed < count && pipeline.hasRoom) {
        const bytes = recordOf(++pushed);
        perform([pipeline.push({ bytes, checksum: 0, kind: 1, digest: false, outputs: [] })]);
      }
    };
    perform([]);
  });
};

/** The texts of all records from 1 to `count`, asked for until they are there. */
export const readTexts = async (log: Log, count: number): Promise<readonly string[]> => {
  const texts: string[] = [];
  while (texts.length < count)
    for (const { position, bytes } of await log.read(texts.length + 1)) {
      if (position !== texts.length + 1) throw new Error(`Position ${position} came after ${texts.length}.`);
      texts.push(new TextDecoder().decode(bytes));
    }
  return texts;
};
