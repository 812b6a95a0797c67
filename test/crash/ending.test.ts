/**
 * A whole node that ends while log and store are being written: at once, in whatever way its program ends it and whatever its
 * tasks do, and nothing acknowledged is lost. (`test/faults/process-exit-store.test.ts` does the same to the store alone.)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ending, EndingOptions } from './ending-program.fixture.ts';

const runsTotal = Number(process.env.TUTTI_ENDINGS ?? 100);
/** As many as there are cores on a small machine: more would wait for each other, not for their own end. */
const atOnce = 2;
const endsWithinMs = 1_000;
/** Other tests keep the machine busy meanwhile, so a few ends may be late; a hang lasts for ever. */
const lateEndsMax = 5;
const stuckAfterMs = 60_000;
const program = fileURLToPath(new URL('./ending-program.fixture.ts', import.meta.url));

const ends: Readonly<Record<Ending, string>> = {
  exit: 'code 7',
  throw: 'code 1',
  reject: 'code 1',
  close: 'code 0',
  'close-exit': 'code 130',
  wait: 'SIGKILL',
};

let root: string;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tutti-ends-'));
  // Fills the compile cache, with which a run takes half as long.
  await new Folder('warm').run('close', 0, false);
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true });
});

/** A data folder on which one process follows the other; each looks for what the ones before it had acknowledged. */
class Folder {
  readonly #folder: string;
  #acknowledged: string[] = [];

  constructor(name: string) {
    this.#folder = join(root, name);
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  /** Runs the program once; returns how long it took to end. */
  run(ending: Ending, afterMs: number, spin: boolean): Promise<number> {
    const options: EndingOptions = {
      folder: this.#folder,
      ending,
      afterMs,
      spin,
      acknowledged: this.#acknowledged.slice(-50),
    };
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'cache') },
    });
    children.add(child);
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const stuck = setTimeout(() => child.kill('SIGKILL'), stuckAfterMs);
    let endingAt = Number.NaN;
    const lost: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ending') {
        endingAt = performance.now();
        if (ending === 'wait') child.kill('SIGKILL');
      } else if (line.startsWith('ack ')) this.#acknowledged.push(line.slice(4));
      else if (line.startsWith('lost ')) lost.push(line);
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(stuck);
        children.delete(child);
        try {
          expect(signal ?? `code ${code}`, errors).toBe(ends[ending]);
          expect(lost).toEqual([]);
          expect(endingAt).not.toBeNaN();
        } catch (error) {
          reject(error as Error);
        }
        resolve(performance.now() - endingAt);
      });
    });
  }
}

test(`a process ends within a second by exit, uncaught error, rejection or a second Ctrl-C while its node writes: ${runsTotal} times`, async () => {
  const ways: readonly Ending[] = ['exit', 'throw', 'reject', 'close-exit'];
  const tookMs: number[] = [];
  let next = 0;
  const lane = async (name: string): Promise<void> => {
    const folder = new Folder(name);
    while (next < runsTotal) {
      const run = next++;
      // Different moments of checkpoints, of which each takes some 10 to 100 ms.
      tookMs.push(await folder.run(ways[run % ways.length] as Ending, (run * 7) % 120, false));
    }
    expect(folder.acknowledged).toBeGreaterThan(runsTotal);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, at) => lane(`lane-${at}`)));
  expect(tookMs.filter((ms) => ms >= endsWithinMs).length).toBeLessThanOrEqual(lateEndsMax);
}, 600_000);

test('an endless loop in user code keeps neither the other tasks nor the end of the process, while the node writes', async () => {
  const folder = new Folder('spin');
  const ways: readonly Ending[] = ['wait', 'exit', 'close', 'throw', 'close-exit', 'close'];
  for (const [at, ending] of ways.entries()) {
    const before = folder.acknowledged;
    expect(await folder.run(ending, at * 20, true), ending).toBeLessThan(endsWithinMs);
    expect(folder.acknowledged, 'tasks that went on').toBeGreaterThan(before);
  }
});
