/**
 * What the nodes of an idle cluster say to each other and to its logs, in simulated worlds of ever more nodes: `sent_8` and `received_8`
 * are messages for each of 8 nodes and virtual second, `sent_bytes_8` and `received_bytes_8` their bytes.
 */
import { fork } from 'node:child_process';
import type { IdleFigures, IdleTask } from '../../../test/simulation/idle-cluster.ts';
import type { Scenario } from '../scenario.ts';

const entry = new URL('../../../test/simulation/idle-cluster.ts', import.meta.url);
const partitions = 64;
/** More nodes say more: less time tells as much of them. */
const sizes = [
  { nodes: 3, seconds: 20 },
  { nodes: 8, seconds: 20 },
  { nodes: 25, seconds: 10 },
];

export const controlTraffic: Scenario = {
  name: 'control-traffic',
  cases: [undefined],
  async run() {
    const extra: Record<string, number> = {};
    let [n, cpuSeconds, seconds] = [0, 0, 0];
    for (const size of sizes) {
      const { sent, received, sentBytes, receivedBytes, events, cpuMs } = await figuresOf({ ...size, partitions });
      extra[`sent_${size.nodes}`] = sent;
      extra[`received_${size.nodes}`] = received;
      extra[`sent_bytes_${size.nodes}`] = sentBytes;
      extra[`received_bytes_${size.nodes}`] = receivedBytes;
      n += events;
      cpuSeconds += cpuMs / 1_000;
      seconds += size.seconds;
    }
    return { n, seconds, cpuSeconds, latencies: undefined, extra, settings: { simulatedPartitions: partitions } };
  },
};

const figuresOf = (task: IdleTask): Promise<IdleFigures> =>
  new Promise((resolve, reject) => {
    const child = fork(entry, [JSON.stringify(task)]);
    let figures: IdleFigures | undefined;
    child.on('message', (message: IdleFigures) => {
      figures = message;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (figures !== undefined) resolve(figures);
      else reject(new Error(`The simulator ended with code ${code}.`));
    });
  });
