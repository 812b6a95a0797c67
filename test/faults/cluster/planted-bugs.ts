/**
 * Bugs that a nemesis must show: each is a patch of a file, applied as nodes load it (`planted-bug.fixture.ts`), never in the repository's
 * own sources. `npm run soak:faults -- --plant NAME` runs one.
 */
import type { Patch } from '../../simulation/planted/patch.ts';

export type ClusterBug = { readonly name: string; readonly nemesis: string; readonly patches: readonly Patch[] };

/** The name of the bug that nodes are to have. */
export const plantVariable = 'TUTTI_FAULTS_PLANT';

export const clusterBugs: readonly ClusterBug[] = [
  {
    // All nodes ask for the same, so none finds a stream that is not as it is needed (`ENGINE_SETTINGS`).
    name: 'one-replica',
    nemesis: 'truncated-file',
    patches: [{ file: 'src/engine/nats/stream.ts', find: 'num_replicas: replicas,', replace: 'num_replicas: 1,' }],
  },
];
