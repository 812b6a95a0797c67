/**
 * The entry of an executor thread: prepares the thread for user code, loads the app, and joins an ExecutorCore to the ports.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { Flat } from '../../tasks/messages.ts';
import { encodeError } from '../../values/codec.ts';
import { LoopDelayMeter } from '../loop-delay.ts';
import type { AttemptName, ExecutorThreadData, FromExecutorThread, ToExecutorThread } from './control.ts';
import { installDeterminism, realEnv } from './determinism.ts';
import { ExecutorCore } from './executor-core.ts';
import { loadApp } from './load-app.ts';
import { Output } from './output.ts';
import { type FailedTask, Rehearsal } from './rehearsal.ts';
import { currentScope, type Scope } from './scope.ts';
import { SharedWatch } from './shared-state.ts';

const heartbeatMs = 100;
const loopDelayEveryMs = 1_000;

const { module, slots, shared, keepsReports, rehearses } = workerData as ExecutorThreadData;
const tell = (message: FromExecutorThread): void => parentPort?.postMessage(message);
const env = realEnv();
const watch = new SharedWatch(shared, env.clock.monotonic);
const output = new Output(env, (lines) => tell({ kind: 'output', lines }));
let core: ExecutorCore | undefined;
let rehearsal: Rehearsal | undefined;

output.capture(process.stdout, 1);
output.capture(process.stderr, 2);
installDeterminism();
const realExit = process.exit.bind(process);

/** Says whose code is about to end the thread, and ends it. */
const endThread = (scope: Scope | undefined, code: number | string | null | undefined): never => {
  output.flush();
  core?.sendReports();
  if (scope !== undefined) tell({ kind: 'crash', attempt: nameOf(scope) });
  return realExit(code);
};

const nameOf = ({ attempt: { partition, epoch, n } }: Scope): AttemptName => ({ partition, epoch, n });

process.exit = (code) => endThread(currentScope(), code);

/** What is thrown past everything fails the attempt it belongs to; what belongs to none ends the thread. */
const strayed = (thrown: unknown): void => {
  const scope = currentScope();
  if (scope === undefined || core === undefined) {
    output.flush();
    // Out of this handler it ends the thread, and reaches the node thread as its error.
    throw thrown;
  }
  const runs = scope.attempt.isRehearsal ? rehearsal?.core : core;
  if (runs?.strayed(scope.attempt, thrown) === true || scope.attempt.isRehearsal) return;
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  output.written(`Thrown after the attempt had ended: ${text}\n`);
};
process.on('uncaughtException', strayed);
process.on('unhandledRejection', strayed);

setInterval(() => watch.beat(), heartbeatMs);
const loopDelay = new LoopDelayMeter();
setInterval(() => watch.late(loopDelay.read()), loopDelayEveryMs);

try {
  const app = await loadApp(module);
  const ports = new Map<number, (flat: Flat) => void>();
  const send = (peer: number, flat: Flat): void => ports.get(peer)?.(flat);
  const failed = (task: FailedTask, error: string): void => tell({ kind: 'taskFailed', task, error });
  const between = rehearses ? new Rehearsal({ env, app, send, failed }) : undefined;
  const executor = new ExecutorCore({ env, app, watch, slots, keepsReports, send: between?.said ?? send });
  const receive = between?.told ?? ((peer, flat) => executor.receive(peer, flat));
  between?.watch(executor);
  core = executor;
  rehearsal = between;
  parentPort?.on('message', (message: ToExecutorThread) => {
    if (message.kind === 'close') {
      between?.close();
      executor.close();
      // What listens to a signal has a turn of the loop for what it must do.
      setImmediate(() => {
        output.flush();
        tell({ kind: 'closed' });
      });
      return;
    }
    if (message.kind === 'rest') {
      executor.rest(() => tell({ kind: 'rested' }));
      return;
    }
    const { index, port, remote } = message;
    ports.set(index, (flat) => port.postMessage(flat));
    port.on('message', (flat: Flat) => receive(index, flat));
    port.on('close', () => {
      if (ports.delete(index)) executor.dropPeer(index);
    });
    executor.addPeer(index, remote);
  });
  const names = [...app.definitions.keys()];
  const places = [...app.definitions].flatMap(([name, { location }]) =>
    location === undefined ? [] : [[name, location] as const],
  );
  tell({ kind: 'ready', fingerprint: app.fingerprint, names, places });
} catch (error) {
  output.flush();
  tell({ kind: 'loadFailed', error: encodeError(error) });
  realExit(1);
}
