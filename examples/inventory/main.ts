/**
 * `npm start`: the inventory as a durable run on an embedded node. Killed at any moment, the next start on the same folder goes on
 * with the unfinished run; after a finished one it begins anew. See `options.ts` for what it can be told.
 *
 * The node runs in this very process. So what ends the process (a native crash, the system's out-of-memory killer) ends this
 * command too, and starting it again continues the run; nothing here starts it again by itself, so nothing loops for ever.
 */
import { performance } from 'node:perf_hooks';
import { isTuttiError, open, type Tutti } from 'tutti';
import { exitCode, exitCodeOf } from '../../src/cli/exit-code.ts';
import { shellLine } from '../../src/cli/shell-words.ts';
import * as app from './app.ts';
import { difference, runPlain } from './compare.ts';
import type { Inventory } from './inventory.ts';
import { help, type Options, readOptions } from './options.ts';
import { render, withThousands } from './render.ts';
import { beginOrContinue, type Run } from './run.ts';
import { ProgressOfRun } from './run-progress.ts';
import { folderTrouble } from './start-folder.ts';
import { StopRequest } from './stop-request.ts';
import { type Talk, talkAsEvents, talkToPeople } from './talk.ts';

const statsEveryMs = 250;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, process.cwd());
  if (options === 'help') {
    process.stdout.write(help);
    return exitCode.ok;
  }
  if ('wrong' in options) {
    console.error(`${options.wrong}\nnpm start -- --help says what there is.`);
    return exitCode.usage;
  }
  const trouble = folderTrouble(options.folder);
  if (trouble !== undefined) {
    console.error(trouble);
    return exitCode.usage;
  }
  const talk = options.events ? talkAsEvents(process.stderr) : talkToPeople(process.stderr, process.env);
  const stop = new StopRequest((signal) => {
    talk.endProgress();
    talk.tell('stopping', { signal }, 'Stopping; what is done is kept. (Once more ends it at once.)');
  });
  try {
    const outcome = await takeInventory(options, talk, stop);
    const json = Buffer.from(`${JSON.stringify(outcome.inventory, null, 2)}\n`);
    const { isTTY, columns } = process.stdout;
    const shape = isTTY ? { width: columns, colour: !process.env['NO_COLOR'] } : {};
    process.stdout.write(options.json ? json : render(outcome.inventory, shape));
    return options.compare ? await compare(json, outcome, options, talk, stop) : exitCode.ok;
  } catch (error) {
    if (stop.signal !== undefined) {
      const again = `npm start${args.length === 0 ? '' : ` -- ${shellLine(args)}`}`;
      talk.tell('stopped', { signal: stop.signal, again }, `Stopped. To go on: ${again}`);
      return stop.signal === 'SIGINT' ? exitCode.interrupted : exitCode.terminated;
    }
    talk.tell('failed', { code: isTuttiError(error) ? error.code : undefined }, sentenceOf(error, options));
    return exitCodeOf(error);
  } finally {
    talk.endProgress();
    stop.forget();
  }
}

type Outcome = {
  readonly inventory: Inventory;
  /** From the start of this process to the result. */
  readonly seconds: number;
  /** How much of it the threads took to start. */
  readonly startSeconds: number;
  readonly isContinued: boolean;
};

/** Opens the node, takes the inventory, says how it went, and closes the node. */
async function takeInventory(options: Options, talk: Talk, stop: StopRequest): Promise<Outcome> {
  const openedAt = performance.now();
  const { folder, data, executors, partitions } = options;
  talk.tell('begin', { folder, data, executors }, `Taking inventory of ${folder}`);
  const node = await open({
    app,
    module: import.meta.resolve('./app.ts'),
    data,
    executors,
    ...(partitions === undefined ? {} : { partitions }),
    retention: { tasks: 10 },
    logLevel: 'error',
  });
  stop.whenAsked(() => node.close());
  try {
    return await runInventory(node, options, talk, (performance.now() - openedAt) / 1000);
  } finally {
    await node.close();
  }
}

async function runInventory(node: Tutti, options: Options, talk: Talk, startSeconds: number): Promise<Outcome> {
  const { folder, executors } = options;
  const run = await beginOrContinue(node, folder);
  const over = new AbortController();
  void showPage(node, run, talk, over.signal);
  const watch = watchRun(node, run, options, talk);
  try {
    const inventory = await run.handle.result();
    over.abort();
    talk.endProgress();
    const times = { seconds: performance.now() / 1000, startSeconds };
    const kept = run.isContinued ? `; ${withThousands(watch.kept())} of the files were kept from before` : '';
    talk.tell(
      'done',
      { files: watch.files(), kept: watch.kept(), executors, ...times },
      `${withThousands(watch.files())} files in ${inSeconds(times.seconds)} with ${counted(executors, 'executor')}${kept}.`,
    );
    return { inventory, ...times, isContinued: run.isContinued };
  } finally {
    watch.end();
  }
}

/** Says where to watch the run: at the usual port, or at any other where that is taken. The run does not depend on it. */
async function showPage(node: Tutti, run: Run, talk: Talk, over: AbortSignal): Promise<void> {
  const taken = (error: unknown): boolean => isTuttiError(error) && error.code === 'ADDRESS_IN_USE';
  try {
    const { url } = await node.serve().catch((error: unknown) => {
      if (taken(error)) return node.serve({ port: 0 });
      throw error;
    });
    const page = `${url}/#/task/${run.handle.id}`;
    if (!over.aborted) talk.tell('page', { page }, `Watch it at ${page}`);
  } catch (error) {
    // A run that is over before its page is there needs none.
    if (over.aborted || (isTuttiError(error) && error.code === 'CLOSED')) return;
    talk.tell('noPage', {}, `There is no page to watch it: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Watch = { files(): number; kept(): number; end(): void };

/** Shows how far the run is; kills a thread half way, if that was asked for. */
function watchRun(node: Tutti, run: Run, options: Options, talk: Talk): Watch {
  const progress = new ProgressOfRun();
  let kept: number | undefined;
  let hasKilled = false;
  const takeCounts = (done: number, total: number): void => {
    if (!progress.takeCounts(done, total)) {
      return;
    }
    const now = progress.now;
    if (run.isContinued && kept === undefined) {
      kept = now.filesDone;
      talk.tell(
        'kept',
        { files: kept, of: now.files },
        `Going on with the run begun ${run.begun.toLocaleString('sv')}: ${withThousands(kept)} of ${withThousands(now.files)} files were done and kept.`,
      );
    }
    talk.progress(now);
    if (options.killOne && !hasKilled && now.filesDone * 2 >= now.files) {
      hasKilled = true;
      void killOne(node, talk, now.filesDone);
    }
  };
  const unfollow = node.follow(run.handle.id, (event) => {
    if (event.type === 'progress') {
      takeCounts(event.done, event.total);
    } else if (event.type === 'log') {
      progress.takeLine(event.message, event.fields);
    }
  });
  const timer = setInterval(() => {
    node.stats().then(
      ({ executors, busyExecutors }) => talk.executors(executors, busyExecutors),
      () => undefined, // the node is closing
    );
  }, statsEveryMs);
  return {
    files: () => progress.now.files,
    kept: () => kept ?? 0,
    end() {
      clearInterval(timer);
      unfollow();
    },
  };
}

async function killOne(node: Tutti, talk: Talk, filesDone: number): Promise<void> {
  try {
    await node.killExecutor();
    talk.tell(
      'killed',
      { filesDone },
      `Killed one of the threads after ${withThousands(filesDone)} files. What it was at is done again by the others.`,
    );
  } catch {
    // The node is closing: there is nothing left to kill.
  }
}

/** The plain script comes second, so that what it reads lies in memory already: the comparison is not in our favour. */
async function compare(
  ours: Buffer,
  { seconds, startSeconds, isContinued }: Outcome,
  { folder, executors }: Options,
  talk: Talk,
  stop: StopRequest,
): Promise<number> {
  const ending = new AbortController();
  stop.whenAsked(() => ending.abort());
  const plain = await runPlain(folder, ending.signal);
  const different = difference(ours, plain.json);
  const facts = { seconds, startSeconds, plainSeconds: plain.seconds, isSame: different === undefined };
  const results =
    different === undefined
      ? `The results are the same to the byte (${withThousands(ours.length)} bytes of JSON).`
      : `THE RESULTS ARE DIFFERENT: ${different}. If the folder has changed meanwhile, that is why.`;
  const ratio = isContinued
    ? 'This run was a continued one, so its time says nothing.'
    : `${ratioOf(seconds, plain.seconds)} (${inSeconds(seconds)}, of which its threads took ${inSeconds(startSeconds)} to start).`;
  talk.tell(
    'compared',
    facts,
    `The plain script took ${inSeconds(plain.seconds)} with one thread. With ${counted(executors, 'executor')}: ${ratio}\n${results}`,
  );
  return different === undefined ? exitCode.ok : exitCode.failed;
}

const ratioOf = (seconds: number, plainSeconds: number): string =>
  seconds <= plainSeconds
    ? `${(plainSeconds / seconds).toFixed(2)} times as fast`
    : `${(seconds / plainSeconds).toFixed(2)} times as long`;

function sentenceOf(error: unknown, { folder, data }: Options): string {
  if (!isTuttiError(error)) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const cause = error.cause;
  if (error.code === 'TASK_FAILED' && isTuttiError(cause) && cause.code === 'VALUE_TOO_LARGE') {
    return `${folder} has more different files than an inventory can hold: ${cause.message}`;
  }
  if (error.code === 'TASK_FAILED' && cause instanceof Error && cause.name === 'AppError') {
    return cause.message;
  }
  const remedy = error.code === 'DATA_LOCKED' ? ' Wait for it, or give this one --data with a folder of its own.' : '';
  return `${error.code}: ${error.message}${remedy}${error.code === 'DATA_LOCKED' ? '' : ` (data folder: ${data})`}`;
}

const inSeconds = (seconds: number): string => `${seconds.toFixed(2)} s`;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

// Whoever reads the result may stop early (`| head`); that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});
process.exitCode = await main(process.argv.slice(2));
