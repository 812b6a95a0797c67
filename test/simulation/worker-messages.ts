/** What the command and its workers tell each other. */
import type { SimulateOptions } from './options.ts';
import type { PageRun } from './page/page-data.ts';
import type { Verdict } from './run-seed.ts';

export type WorkerTask = Omit<SimulateOptions, 'jobs' | 'rare' | 'html'> & {
  /** It runs seeds `first + offset`, `first + offset + stride` … */
  readonly offset: number;
  readonly stride: number;
  /** Tells what a page of the run is made of; of many seeds, of the one that fails. */
  readonly page: boolean;
  /** Tells every verdict. */
  readonly verdicts: boolean;
};

export type FromWorker =
  | { readonly kind: 'begins'; readonly seed: string }
  | {
      readonly kind: 'progress';
      readonly seeds: number;
      readonly events: number;
      readonly virtualMs: number;
      readonly counts: Readonly<Record<string, number>>;
    }
  | { readonly kind: 'verdict'; readonly seed: string; readonly digest: string }
  /** Comes before the verdict or violation that it shows. */
  | { readonly kind: 'page'; readonly run: PageRun }
  | {
      readonly kind: 'violation';
      /** Which of the plan's `faults` it needs; undefined: not looked for. */
      readonly keep: readonly number[] | undefined;
      readonly faults: number;
      readonly verdict: Verdict;
    };
