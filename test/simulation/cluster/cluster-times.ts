/** The waits of simulated clusters: shorter than the default where a run must see their end. */
import type { ClusterTimes } from '../../../src/cluster/cluster-times.ts';
import { limits } from '../../../src/limits.ts';

export const clusterTimes: ClusterTimes = {
  ...limits,
  quietFirstMs: 2_000,
  quietMaxMs: 8_000,
  claimWaitMaxMs: 5_000,
  deathsForgivenMs: 30_000,
};
