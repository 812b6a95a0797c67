/** What an app has, as a node tells it to those who cannot import it. */

export type TaskDescription = {
  readonly name: string;
  /** Inputs are checked by a schema before they are recorded. */
  readonly checked: boolean;
  /** JSON Schema (2020-12) of the input, where the schema's library gives one. */
  readonly inputSchema: Readonly<Record<string, unknown>> | undefined;
  /** Recorded form of its policy (`app/policy.ts`); undefined: the default in everything. */
  readonly policy: string | undefined;
};

export type AppDescription = {
  /** The same exactly for apps with the same tasks and options. */
  readonly fingerprint: string;
  /** In ascending order of names. */
  readonly tasks: readonly TaskDescription[];
};
