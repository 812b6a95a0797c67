/**
 * Entry of the process that runs a node for `tutti run`. It is a process of its own so that a native crash in user code does
 * not end the command; it ends when the channel to the command closes.
 *
 * The app is imported here too, for its definitions and schemas. What this process prints goes to the command's stderr, stdout
 * included: the result goes over the channel alone.
 */
import type { AppCatalogue } from '../app/catalogue-of-app.ts';
import type { TaskDefinition } from '../app/task.ts';
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { loadApp } from '../execution/executor/load-app.ts';
import type { EmbeddedNode } from '../node/open.ts';
import type { TaskEvent, TaskStatus } from '../protocol/task-view.ts';
import { decodeValue, encodeError, encodeValue } from '../values/codec.ts';
import { beginChild, openWhenFree, tellCommand } from './child-side.ts';
import { findTask } from './find-task.ts';
import { didYouMean } from './near-names.ts';
import type { FromChild, RunRequest, ToChild } from './run-protocol.ts';

const statsEveryMs = 500;
const othersMax = 100;

const begunAt = Date.now();
const realExit = process.exit.bind(process);
let node: EmbeddedNode | undefined;
let taskId: string | undefined;
let closing = false;
/** Settles when everything has been told that the task logged. */
let told: Promise<void> = Promise.resolve();

const tell = (message: FromChild): Promise<void> => tellCommand(message);

const run = async (request: RunRequest): Promise<void> => {
  const catalogue = await loadApp(request.app);
  await tell({ kind: 'imported' });
  const [name, definition] = request.attach === undefined ? chosenTask(request, catalogue) : [undefined, undefined];
  node = await openWhenFree(request.app, request.settings, catalogue, () => closing);
  if (closing) return;
  const id =
    request.attach === undefined
      ? await start(node, request, definition as TaskDefinition)
      : await attach(node, request.attach, request.task, catalogue);
  taskId = id;
  const found = await statusOf(node, id);
  const retried = request.retry && (found.state === 'failed' || found.state === 'cancelled');
  if (retried) await node.retry(id);
  await tell({ kind: 'started', id, status: encodeValue(retried ? await statusOf(node, id) : found) });
  void tellOthers(node, id);
  await watch(node, id, name ?? found.name);
};

/** What else is unfinished in the folder runs here too, and takes its share of the executors. */
const tellOthers = async (running: EmbeddedNode, id: string): Promise<void> => {
  try {
    const unfinished = await running.list({ state: 'unfinished', topLevel: true, limit: othersMax + 1 });
    const ids = unfinished.map((task) => task.id).filter((other) => other !== id);
    if (ids.length > 0) await tell({ kind: 'others', ids: ids.slice(0, othersMax) });
  } catch {
    // The node is closing.
  }
};

/** Follows a task to its end, and tells it. */
const watch = async (running: EmbeddedNode, id: string, name: string): Promise<void> => {
  const unfollow = follow(running, id);
  const stats = setInterval(() => void tellExecutors(running), statsEveryMs);
  void tellExecutors(running);
  try {
    const text = await running.resultText(id);
    await told;
    await tell({ kind: 'result', text });
  } catch (error) {
    await told;
    // Closing the node ends the wait; the task itself goes on another time.
    if (closing && isTuttiError(error) && error.code === 'CLOSED') return;
    await tell({ kind: 'failed', error: encodeError(withTask(error, name)) });
  } finally {
    clearInterval(stats);
    unfollow();
  }
  await close();
};

/** Tells how far a task gets and what it logs, and first what it has logged since this process began. */
const follow = (running: EmbeddedNode, id: string): (() => void) => {
  let ended = (): void => undefined;
  told = new Promise((resolve) => {
    ended = resolve;
  });
  const take = (event: TaskEvent): void => {
    const isNews = event.type === 'progress' || (event.type === 'log' && event.time.getTime() >= begunAt);
    if (isNews) void tell({ kind: 'event', text: encodeValue(event) });
  };
  return running.follow(id, take, { end: () => ended() });
};

/** What a task threw is told with the task it was, also where the record has only the error itself. */
const withTask = (error: unknown, name: string): unknown =>
  isTuttiError(error)
    ? error
    : new TuttiError('TASK_FAILED', `${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });

const tellExecutors = async (running: EmbeddedNode): Promise<void> => {
  try {
    const { executors, busyExecutors } = await running.stats();
    await tell({ kind: 'executors', count: executors, busy: busyExecutors });
  } catch {
    // The node is closing.
  }
};

const chosenTask = (request: RunRequest, catalogue: AppCatalogue): readonly [string, TaskDefinition] => {
  const names = [...catalogue.definitions.keys()];
  const { task } = request;
  const definition = task === undefined ? undefined : catalogue.definitions.get(task);
  if (task !== undefined && definition !== undefined) return [task, definition];
  const has =
    names.length === 0
      ? 'The app exports no tasks: export what task(…) gives, such as `export const hello = task(…)`.'
      : `The app has: ${names.join(', ')}.`;
  throw new TuttiError(
    'TASK_UNKNOWN',
    task === undefined
      ? `Name the task to run. ${has}`
      : `The app has no task ${JSON.stringify(task)}.${didYouMean(task, names)} ${has}`,
    { details: { task, names } },
  );
};

const start = (running: EmbeddedNode, request: RunRequest, definition: TaskDefinition): Promise<string> => {
  const input = request.input === undefined ? undefined : decodeValue(request.input, 'input');
  return running.startAs(request.id, definition, input, request.key === undefined ? {} : { key: request.key });
};

const attach = async (
  running: EmbeddedNode,
  idPrefix: string,
  name: string | undefined,
  catalogue: AppCatalogue,
): Promise<string> => {
  const found = await findTask(running, idPrefix);
  if (name !== undefined && found.name !== name)
    throw new TuttiError('TASK_UNKNOWN', `Task ${found.id} is a ${found.name}, not a ${name}.`);
  if (!catalogue.definitions.has(found.name))
    throw new TuttiError('TASK_UNKNOWN', `Task ${found.id} is a ${found.name}, which this app does not have.`);
  return found.id;
};

const statusOf = async (running: EmbeddedNode, id: string): Promise<TaskStatus> => {
  const status = await running.status(id);
  if (status === undefined) throw new TuttiError('TASK_NOT_FOUND', `There is no task ${id}.`, { details: { id } });
  return status;
};

/** Closes what is open and ends the process. */
const close = async (): Promise<void> => {
  if (closing) return;
  closing = true;
  let status: string | undefined;
  if (node !== undefined) {
    if (taskId !== undefined) status = await node.status(taskId).then(encodeValue, () => undefined);
    await node.close();
  }
  await tell({ kind: 'closed', status });
  realExit(0);
};

/** What the app's own code throws here outside of a task (a timer at module level) ends nothing. */
const strayed = (thrown: unknown): void => {
  process.stderr.write(`The app threw outside of a task: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
};

process.on('uncaughtException', strayed);
process.on('unhandledRejection', strayed);
process.exit = (code) => {
  const error = new Error(`process.exit(${code ?? ''}) was called outside of a task`);
  // The place that is told is that of the call.
  Error.captureStackTrace(error, process.exit);
  throw error;
};
beginChild(() => void close());

process.on('message', (message: ToChild) => {
  if (message.kind === 'close') {
    void close();
    return;
  }
  run(message).catch(async (error: unknown) => {
    if (!closing) await tell({ kind: 'failed', error: encodeError(error) });
    await close();
  });
});
