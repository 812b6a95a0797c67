/**
 * Takes away the descriptor through which LMDB writes its root, so that a commit fails at its very last step, and goes on
 * calling. Prints as JSON how the calls ended. Linux only. Argument: the store's path.
 */
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isTuttiError } from '../../src/errors/tutti-error.ts';
import { openLmdbWriter } from '../../src/store/lmdb-store.ts';

const path = process.argv[2]!;
const codeOf = (call: Promise<void>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (isTuttiError(error) ? error.code : String(error)),
  );

const writer = openLmdbWriter(path);
const write = (): Promise<string> => codeOf(writer.write(0, [[1, 'a', new Uint8Array(10)]]));
const before = await write();

const syncFlag = 0o10000;
for (const descriptor of readdirSync('/proc/self/fd').map(Number)) {
  try {
    const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    const isStore = readlinkSync(`/proc/self/fd/${descriptor}`) === path;
    if (isStore && (Number.parseInt(flags ?? '0', 8) & syncFlag) !== 0) closeSync(descriptor);
  } catch {
    // The descriptor of the listing itself is gone by now.
  }
}

const underWay = [write(), write(), codeOf(writer.mark(0, { position: 1, note: undefined }))];
const after = [...(await Promise.all(underWay)), await write(), await codeOf(writer.clear(0))];
await writer.close();
console.log(JSON.stringify({ before, after }));
