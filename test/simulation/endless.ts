/**
 * Notices a process that goes round in circles. What counts is the processor time that it used, where the system tells it: on a
 * machine that is busy with other things everything takes longer.
 */
import { readFileSync } from 'node:fs';

const lookEveryMs = 2_000;
/** One that stands still is given up after so many times the limit. */
const patience = 15;
/** Linux counts in hundredths of a second. */
const tickMs = 10;

export class EndlessWatch {
  readonly #pid: number;
  readonly #limitMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #sinceMs = performance.now();
  #cpuMs = 0;

  /** `endless` is called once the process has used `limitMs` since it was last heard. */
  constructor(pid: number, limitMs: number, endless: () => void) {
    this.#pid = pid;
    this.#limitMs = limitMs;
    this.#timer = setInterval(() => {
      if (!this.#isEndless()) return;
      this.stop();
      endless();
    }, lookEveryMs);
  }

  /** It says something. */
  heard(): void {
    this.#sinceMs = performance.now();
    this.#cpuMs = cpuMsOf(this.#pid) ?? 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #isEndless(): boolean {
    const passedMs = performance.now() - this.#sinceMs;
    const cpuMs = cpuMsOf(this.#pid);
    return (
      (cpuMs === undefined ? passedMs : cpuMs - this.#cpuMs) > this.#limitMs || passedMs > patience * this.#limitMs
    );
  }
}

const cpuMsOf = (pid: number): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which is in brackets and may hold anything: state is field 3, user time 14, system time 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * tickMs;
  } catch {
    return undefined;
  }
};
