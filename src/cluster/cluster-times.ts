/** The waits of the cluster in milliseconds; the limits are the default, tests use others. */
import type { limits } from '../limits.ts';

export type ClusterTimes = {
  readonly [Name in
    | 'heartbeatMs'
    | 'heartbeatMissedMs'
    | 'minorityMs'
    | 'mapPollMs'
    | 'mapWaitMs'
    | 'proposeStaggerMs'
    | 'proposeAgainMs'
    | 'quietFirstMs'
    | 'quietMaxMs'
    | 'deathsForgivenMs'
    | 'deadKeptMs'
    | 'claimWaitFirstMs'
    | 'claimWaitMaxMs'
    | 'endForgottenMs'
    | 'confirmMs'
    | 'handOverAgainMs'
    | 'ledMinMs'
    | 'ailingLeaderMs'
    | 'warmRecords' as Name]: (typeof limits)[Name] extends number ? number : never;
};
