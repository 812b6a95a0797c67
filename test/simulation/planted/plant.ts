/** A copy of the sources into which bugs are planted, one at a time, and the simulator run on it. */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlantedBug } from './bugs.ts';
import { type Patch, patched } from './patch.ts';

const root = join(import.meta.dirname, '../../..');

export type Caught = { readonly code: number | null; readonly out: string };

export class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tutti-planted-'));

  constructor() {
    for (const name of ['src', 'test/simulation', 'package.json', 'tsconfig.json'])
      cpSync(join(root, name), join(this.#folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Runs seeds with the bug in place; without one, as it is. */
  async run(bug: (Patch & Pick<PlantedBug, 'also'>) | undefined, args: readonly string[]): Promise<Caught> {
    const patches = bug === undefined ? [] : bug.also === undefined ? [bug] : [bug, bug.also];
    const undo = patches.map((patch) => this.#apply(patch));
    try {
      return await this.#simulate(args);
    } finally {
      for (const back of undo.reverse()) back();
    }
  }

  /** Returns what takes it back. */
  #apply(patch: Patch): () => void {
    const path = join(this.#folder, patch.file);
    const before = readFileSync(path, 'utf8');
    writeFileSync(path, patched(before, patch));
    return () => writeFileSync(path, before);
  }

  #simulate(args: readonly string[]): Promise<Caught> {
    const child = spawn(process.execPath, ['test/simulation/main.ts', ...args], { cwd: this.#folder });
    let out = '';
    child.stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    child.stderr.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
