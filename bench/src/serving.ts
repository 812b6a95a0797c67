/** Starts a process that serves the app of the benchmarks, and asks what it costs. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { RunOptions } from './scenario.ts';
import type { ServingCost, ServingReady, ServingRequest } from './serving-process.ts';

export class Serving {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;

  static async start(options: RunOptions, retentionTasks?: number): Promise<Serving> {
    const { folder: data, executors, partitions } = options;
    const request: ServingRequest = { data, executors, partitions, retentionTasks };
    const child = fork(new URL('./serving-process.ts', import.meta.url), [JSON.stringify(request)]);
    process.once('exit', () => child.kill('SIGKILL'));
    const [{ url }] = (await once(child, 'message')) as [ServingReady];
    return new Serving(url, child);
  }

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.pid = child.pid as number;
    this.#child = child;
  }

  /** What the process has cost so far. */
  async cost(): Promise<ServingCost> {
    const answer = once(this.#child, 'message');
    this.#child.send('cost');
    const [cost] = (await answer) as [ServingCost];
    return cost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
