/**
 * A node under load, which ends in a way of its own while the log and the store are being written: checkpoints follow each other
 * without pause. With `spin` one of its two executors is in an endless loop meanwhile. Its argument is an `EndingOptions` as JSON.
 *
 * Lines on stdout: `lost <id>` for a task that an earlier process had acknowledged, `ack <id>`, `spinning`, and `ending` just
 * before the end. What it is to end by: `exit`, `throw`, `reject`, `close` (and then by itself), `close-exit` (as a second
 * Ctrl-C does it), `wait` (until it is killed).
 */
import { existsSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { catalogueOf } from '../../src/app/catalogue-of-app.ts';
import { startNode } from '../../src/node/open.ts';
import { checkOptions } from '../../src/node/options.ts';
import { smallTuning } from './crash-run.ts';
import * as app from './ending-app.fixture.ts';

export type Ending = 'exit' | 'throw' | 'reject' | 'close' | 'close-exit' | 'wait';
export type EndingOptions = {
  readonly folder: string;
  readonly ending: Ending;
  /** So long after enough has come to its end that checkpoints are under way. */
  readonly afterMs: number;
  readonly spin: boolean;
  readonly acknowledged: readonly string[];
};

const { folder, ending, afterMs, spin, acknowledged } = JSON.parse(process.argv[2] as string) as EndingOptions;
const say = (line: string): void => void writeSync(1, `${line}\n`);

const settings = checkOptions({
  module: import.meta.resolve('./ending-app.fixture.ts'),
  data: folder,
  executors: spin ? 2 : 1,
});
const catalogue = catalogueOf(app);
// It begins again by itself as soon as the node is open.
const sign = join(folder, 'spinning');
rmSync(sign, { force: true });
const tuning = { ...smallTuning, checkpointDirtyRows: 100, checkpointIntervalMs: 20 };
const node = await startNode({ ...settings, fingerprint: catalogue.fingerprint, tuning }, catalogue);
for (const id of acknowledged) if ((await node.status(id)) === undefined) say(`lost ${id}`);

if (spin) {
  await node.start(app.spin, sign, { key: 'the one' });
  while (!existsSync(sign)) await new Promise((resolve) => setTimeout(resolve, 5));
  say('spinning');
}

const tasksBeforeTheEnd = 100;
let finished = 0;
let closing = false;
const ballast = 'x'.repeat(500);
const lane = async (first: number): Promise<void> => {
  for (let n = first; !closing; n += lanes) {
    const handle = await node.start(app.work, { n, ballast });
    if (n % 10 === 0) say(`ack ${handle.id}`);
    // Others finish, whatever one executor does.
    if ((await handle.result()) !== n) say(`lost ${handle.id}`);
    if (++finished === tasksBeforeTheEnd) setTimeout(() => void end(), afterMs);
  }
};

const end = async (): Promise<void> => {
  closing = true;
  say('ending');
  switch (ending) {
    case 'exit':
      process.exit(7);
      break;
    case 'throw':
      setImmediate(() => {
        throw new Error('not caught');
      });
      break;
    case 'reject':
      void Promise.reject(new Error('not caught'));
      break;
    case 'close':
      await node.close();
      await work;
      break;
    case 'close-exit':
      void node.close();
      process.exit(130);
      break;
    case 'wait':
      break;
    default:
      ending satisfies never;
  }
};

const lanes = 50;
const work = Promise.allSettled(Array.from({ length: lanes }, (_, at) => lane(at)));
