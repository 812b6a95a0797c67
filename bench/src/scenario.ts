/**
 * What a scenario is, and what one run of it gives. A run lives in a process of its own (`run-once.ts`), so that nothing is
 * left over from the one before; the figures reported are those of the median run.
 */

/** What a run is told. Everything is plain data: it crosses to the child process. */
export type RunOptions = {
  /** An empty folder on a real disk. */
  readonly folder: string;
  readonly partitions: number;
  readonly executors: number;
  /** Bytes whose SHA-256 takes about a millisecond here. */
  readonly bytesPerMs: number;
  /** 1 for the real figures; less for a quick look: multiplies how much is done. */
  readonly scale: number;
  /** Callers at once, where the scenario has several cases. */
  readonly callers: number | undefined;
};

/** What a run measured. */
export type RunResult = {
  readonly n: number;
  /** Wall clock of what was measured. */
  readonly seconds: number;
  /** User and system time of the whole process meanwhile. */
  readonly cpuSeconds: number;
  /** Milliseconds of each unit of work; undefined where there are no units that somebody waits for. */
  readonly latencies: Float64Array | undefined;
  /** Figures that only this scenario has. */
  readonly extra: Readonly<Record<string, number>>;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
};

export type Scenario = {
  readonly name: string;
  /** The callers at once of each case; `[undefined]`: there is one case. */
  readonly cases: readonly (number | undefined)[];
  /** What the cases count, where it is not callers. */
  readonly caseUnit?: string;
  /** Runs once. Throws when a result is wrong. */
  run(options: RunOptions): Promise<RunResult>;
};

export const scaled = (count: number, { scale }: RunOptions): number => Math.max(1, Math.round(count * scale));

/** Results are checked: a run that computed something else than it should ends the benchmark with an error. */
export const check = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(`A wrong result: ${what}.`);
};
