/**
 * How a cluster begins with the tasks of a data folder. Before anything of it is written, a map without members says that it is being
 * taken: no node takes part while that map stands, nor may the map be changed by anybody else. The next one says that it is done.
 *
 * - O1: of two processes that take a folder at once, the later one's map stands behind the earlier one's, which can then not end.
 * - O2: one that was interrupted leaves the first map: it is begun anew with the same folder, from an empty cluster.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { type ClusterMap, type ClusterSettings, newClusterMap } from './cluster-map.ts';
import type { MapLog } from './map-log.ts';

export type OriginOptions = {
  readonly maps: MapLog;
  /** The id of the data folder. */
  readonly folder: string;
  /** Random: the cluster's id, should this be the one that makes it. */
  readonly newClusterId: string;
  readonly featureLevel: number;
  readonly settings: ClusterSettings;
};

/** `again`: an earlier try has left what it had written. */
export type Begun = { readonly map: ClusterMap; readonly again: boolean };

/**
 * Undefined: this folder was taken before, and nothing is to be done. `mayBegin` is asked whether the cluster holds nothing, where no map says
 * so. Throws `IMPORT_REFUSED` where there is a cluster, or another folder is being taken.
 */
export const beginOrigin = async (
  { maps, folder, newClusterId, featureLevel, settings }: OriginOptions,
  mayBegin: () => Promise<void>,
): Promise<Begun | undefined> => {
  const found = await maps.read();
  if (found === undefined) await mayBegin();
  else if (found.origin === undefined)
    throw refused('The cluster has been made already, so no data folder can be taken onto it. Name another cluster.');
  else if (found.origin.folder !== folder)
    throw refused(
      `The cluster ${found.origin.taken ? 'was made' : 'is being made'} from another data folder (${found.origin.folder}). ${found.origin.taken ? 'Name another cluster.' : 'Take that one again, or name another cluster.'}`,
    );
  else if (found.origin.taken) return undefined;
  const map: ClusterMap = {
    ...newClusterMap(newClusterId, featureLevel, found?.settings ?? settings),
    version: (found?.version ?? 0) + 1,
    origin: { folder, taken: false },
  };
  await append(maps, map);
  return { map, again: found !== undefined };
};

/** All of it is durable: nodes may take part. Throws `IMPORT_REFUSED` where another process has begun meanwhile (O1). */
export const endOrigin = async (maps: MapLog, begun: ClusterMap): Promise<void> => {
  const origin = { folder: begun.origin?.folder ?? '', taken: true };
  await append(maps, { ...begun, version: begun.version + 1, origin });
};

/** Until it stands there, or another one does. */
const append = async (maps: MapLog, map: ClusterMap): Promise<void> => {
  for (;;) {
    const { kind } = await maps.append(map);
    if (kind === 'appended') return;
    const found = await maps.read();
    if (found !== undefined && found.version >= map.version) {
      if (found.clusterId === map.clusterId) return;
      throw refused('Another process makes this cluster at the same time. Leave it to one of them.');
    }
  }
};

const refused = (message: string): TuttiError => new TuttiError('IMPORT_REFUSED', message);
