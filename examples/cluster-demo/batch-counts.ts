/** How often the batches of an inventory were begun, on all nodes, the killed ones too (`note-batches.ts`). */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeProcessOptions } from '../../tools/cluster-nodes.ts';

export class BatchCounts {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tutti-demo-'));

  /** How the processes of nodes are started, so that they are counted. */
  readonly process = (): NodeProcessOptions => ({
    execArgv: ['--import', import.meta.resolve('./note-batches.ts')],
    env: { ...process.env, DEMO_BATCHES: this.#folder },
  });

  /** `again`: how many times one was begun that had been begun before. */
  read(): { readonly batches: number; readonly again: number } {
    const begun = readdirSync(this.#folder).flatMap(
      (file) => readFileSync(join(this.#folder, file), 'utf8').match(/.+/g) ?? [],
    );
    const batches = new Set(begun).size;
    return { batches, again: begun.length - batches };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
