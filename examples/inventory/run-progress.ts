/**
 * How far an inventory is, in files, from what is told of its task: the log line that says what there is to do, and the counts of
 * its maps. Pure.
 *
 * While files are read, the counts are those of the map over all batches. After that they are of the maps that combine the
 * summaries, which are known by their smaller totals.
 */
import { type Listed, listed } from './app.ts';

export type RunProgress = {
  readonly phase: 'listing' | 'reading' | 'combining';
  readonly filesDone: number;
  readonly files: number;
};

export class ProgressOfRun {
  #listed: Listed | undefined;
  #batchesDone = 0;

  /** Takes a line of the task's log. */
  takeLine(message: string, fields: unknown): void {
    if (message === listed) {
      this.#listed = fields as Listed;
    }
  }

  /** Takes the counts of a map. False: they say nothing, because what there is to do is not known yet. */
  takeCounts(done: number, total: number): boolean {
    if (this.#listed === undefined) {
      return false;
    }
    this.#batchesDone = total === this.#listed.batches ? done : this.#listed.batches;
    return true;
  }

  /** All batches but the last have the same number of files, so the batches say how many files are done, to within one batch. */
  get now(): RunProgress {
    if (this.#listed === undefined) {
      return { phase: 'listing', filesDone: 0, files: 0 };
    }
    const { files, batches } = this.#listed;
    const filesDone = batches === 0 ? files : Math.floor((files * this.#batchesDone) / batches);
    return { phase: this.#batchesDone === batches ? 'combining' : 'reading', filesDone, files };
  }
}
