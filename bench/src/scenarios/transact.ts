/**
 * Increments of one key and of 10,000 keys: callers in the main thread, partitions in a thread of their own over the real
 * log and store. There is no public way to transactions yet, so this drives partitions directly.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { loopsOf, span } from '../measure.ts';
import { check, type RunOptions, type Scenario, scaled } from '../scenario.ts';
import type { FlatCalls, PartitionThreadData, WriterThreadData } from '../transact/counter-table.ts';

const increments = 400_000;
const warmUpShare = 0.1;

const transactScenario = (name: string, keys: number): Scenario => ({
  name,
  cases: [64, 1_024],
  async run(options) {
    const { callers = 64 } = options;
    const n = scaled(increments, options);
    const warmUp = Math.ceil(n * warmUpShare);
    const threads = await startThreads(options);
    const client = new Callers(threads.port);
    const counts = new Map<string, number>();
    const incrementOne = async (index: number): Promise<void> => {
      // A stride that is prime to the number of keys: every key equally often, neighbours far apart.
      const key = `counter-${(index * 7_919) % keys}`;
      const count = await client.increment(key);
      counts.set(key, Math.max(count, counts.get(key) ?? 0));
    };
    await loopsOf(warmUp, callers, incrementOne);
    const { value: latencies, seconds, cpuSeconds } = await span(() => loopsOf(n, callers, incrementOne));
    await threads.close();
    const sum = [...counts.values()].reduce((all, count) => all + count, 0);
    check(sum === n + warmUp, `the counters add up to ${sum}, not to the ${n + warmUp} increments made`);
    return { n, seconds, cpuSeconds, latencies, extra: {}, settings: { callers, keys, rowBytes: 100 } };
  },
});

export const transactHot = transactScenario('transact-hot', 1);
export const transactSpread = transactScenario('transact-spread', 10_000);

/** Callers of one thread: what they ask for in one turn of the event loop goes out as one array. */
class Callers {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (count: number) => void>();
  #out: FlatCalls = [];
  #next = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (flat: FlatCalls) => {
      for (let at = 0; at < flat.length; at += 2) {
        const request = flat[at] as number;
        const resolve = this.#waiting.get(request);
        this.#waiting.delete(request);
        resolve?.(flat[at + 1] as number);
      }
    });
  }

  increment(key: string): Promise<number> {
    return new Promise((resolve) => {
      const request = this.#next++;
      this.#waiting.set(request, resolve);
      this.#out.push(request, key);
      if (this.#out.length > 2) return;
      process.nextTick(() => {
        this.#port.postMessage(this.#out);
        this.#out = [];
      });
    });
  }
}

const startThreads = async ({ folder, partitions }: RunOptions) => {
  mkdirSync(folder, { recursive: true });
  const [calls, store] = [new MessageChannel(), new MessageChannel()];
  const writerData: WriterThreadData = { folder, store: store.port1 };
  const writer = new Worker(new URL('../transact/writer-thread.ts', import.meta.url), {
    workerData: writerData,
    transferList: [store.port1],
  });
  await once(writer, 'message');
  const partitionData: PartitionThreadData = { folder, partitions, callers: calls.port1, store: store.port2 };
  const partition = new Worker(new URL('../transact/partition-thread.ts', import.meta.url), {
    workerData: partitionData,
    transferList: [calls.port1, store.port2],
  });
  // A partition that fails ends the run: nothing would answer any more.
  partition.on('error', (error) => {
    throw error;
  });
  await once(partition, 'message');
  const end = async (thread: Worker): Promise<void> => {
    thread.postMessage('close');
    await once(thread, 'exit');
  };
  return {
    port: calls.port2,
    close: async (): Promise<void> => {
      await end(partition);
      await end(writer);
      calls.port2.close();
    },
  };
};
