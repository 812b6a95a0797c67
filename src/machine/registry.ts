/** What a machine asks of the one that began the cluster; for that one itself it is done on the spot. */
import type { RenewalRequest } from '../security/authority.ts';
import type { Roster } from './roster.ts';

export interface Registry {
  /** The newest that is known here, and put to use. */
  readonly roster: Roster;
  /** A new certificate. Rejects with `CERTIFICATE_REFUSED`. */
  renew(request: RenewalRequest): Promise<string>;
  /** Has the node of a machine give away everything, or take its share again. Rejects with `OPTION_INVALID` where there is none of that name. */
  setDrained(name: string, drained: boolean): Promise<void>;
  /** Takes a machine out for good. Rejects with `OPTION_INVALID` where that cannot be. */
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Puts a roster on disk and to use; what is there when it settles is what `Registry.roster` says. */
export type Apply = (roster: Roster) => Promise<void>;
