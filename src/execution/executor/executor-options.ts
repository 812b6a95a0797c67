/** What an executor is given. */
import type { AppCatalogue } from '../../app/catalogue-of-app.ts';
import type { Env } from '../../platform/env.ts';
import type { Flat } from '../../tasks/messages.ts';
import type { Watch } from './host.ts';

export type ExecutorOptions = {
  readonly env: Env;
  readonly app: AppCatalogue;
  /** Sends a flat array to a leader's thread. */
  readonly send: (peer: number, flat: Flat) => void;
  readonly watch?: Watch;
  readonly slots?: number;
  /** As of a node of a cluster (`kept-reports.ts`). */
  readonly keepsReports?: boolean;
};
