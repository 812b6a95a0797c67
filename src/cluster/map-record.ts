/**
 * One record of the log of cluster maps: a whole map. Whole, because a map is a few kilobytes and changes seldom: whoever reads
 * the newest record has all there is, and everything before it can be trimmed.
 *
 * | offset | field | |
 * | --- | --- | --- |
 * | 0 | checksum u32 | CRC-32 of everything from offset 4 |
 * | 4 | format u8 | `mapFormat` |
 * | 5 | the map | msgpack, positional; assignments name members by their place in the list |
 *
 * Every format keeps the first five bytes as they are, so that a record of a newer one is told from damage.
 *
 * Versions: 1, the first. 2, of a cluster that is made from a data folder: one more field says from which, and whether it is all there;
 * whoever does not know that keeps away. Other maps are written as before.
 * What an assignment got later stands at its end and is left out where it has its usual value; who does not know it drops it, so it can be
 * made again.
 */
import { pack, unpack } from 'msgpackr';
import { TuttiError } from '../errors/tutti-error.ts';
import { crc32 } from '../platform/crc32.ts';
import type { ClusterMap, MemberState } from './cluster-map.ts';

export const mapFormat = 2;
const formatWithoutOrigin = 1;
const headerBytes = 5;

const states: readonly MemberState[] = ['joining', 'up', 'draining', 'left', 'dead'];

type MemberFields = [string, string, string, number, string, number, number, number, number];
type AssignmentFields = [number, readonly number[], number, string, 0 | 1, cost?: number];
type MapFields = [
  number,
  string,
  number,
  [number, number, number],
  number,
  MemberFields[],
  AssignmentFields[],
  [string, readonly string[]][],
  origin?: [string, 0 | 1],
];

export const encodeMap = (map: ClusterMap): Uint8Array => {
  const indexOf = new Map(map.members.map(({ id }, index) => [id, index]));
  const index = (id: string): number => indexOf.get(id) ?? -1;
  const fields: MapFields = [
    map.version,
    map.clusterId,
    map.featureLevel,
    [map.settings.partitions, map.settings.standbys, map.settings.movesMax],
    map.joins,
    map.members.map((member) => [
      member.id,
      member.token,
      member.location,
      member.weight,
      member.app,
      member.featureLevel,
      member.incarnation,
      states.indexOf(member.state),
      member.deaths,
    ]),
    map.partitions.map(({ leader, standbys, version, pinned, throttled, cost = 1 }): AssignmentFields => {
      const usual = [index(leader), standbys.map(index), version, pinned, throttled ? 1 : 0] as const;
      return cost === 1 ? [...usual] : [...usual, cost];
    }),
    Object.entries(map.apps).sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
  if (map.origin !== undefined) fields.push([map.origin.folder, map.origin.taken ? 1 : 0]);
  const body = pack(fields);
  const bytes = Buffer.alloc(headerBytes + body.length);
  bytes[4] = map.origin === undefined ? formatWithoutOrigin : mapFormat;
  bytes.set(body, headerBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
};

/** Throws `LOG_DAMAGED` for bytes that are no map, `CLUSTER_NEWER` for one of a format that this version does not know. */
export const decodeMap = (bytes: Uint8Array, position: number): ClusterMap => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || crc32(bytes.subarray(4)) !== view.getUint32(0, true))
    throw new TuttiError(
      'LOG_DAMAGED',
      `The cluster map at position ${position} does not match its checksum: its log is damaged there.`,
      { details: { position } },
    );
  const format = view.getUint8(4);
  if (format > mapFormat || format < formatWithoutOrigin)
    throw new TuttiError(
      'CLUSTER_NEWER',
      `The cluster map has format ${format}; this version of Tutti knows format ${mapFormat}. This node steps aside: run it with the version that the others run.`,
      { details: { position, format, known: mapFormat } },
    );
  const [version, clusterId, featureLevel, settings, joins, members, partitions, apps, origin] = unpack(
    bytes.subarray(headerBytes),
  ) as MapFields;
  const idAt = (index: number): string => members[index]?.[0] ?? '';
  return {
    version,
    clusterId,
    featureLevel,
    settings: { partitions: settings[0], standbys: settings[1], movesMax: settings[2] },
    joins,
    members: members.map(([id, token, location, weight, app, level, incarnation, state, deaths]) => ({
      id,
      token,
      location,
      weight,
      app,
      featureLevel: level,
      incarnation,
      state: states[state] as MemberState,
      deaths,
    })),
    partitions: partitions.map(([leader, standbys, own, pinned, throttled, cost]) => ({
      leader: idAt(leader),
      standbys: standbys.map(idAt),
      version: own,
      pinned,
      throttled: throttled === 1,
      ...(cost === undefined ? {} : { cost }),
    })),
    apps: Object.fromEntries(apps),
    ...(origin && { origin: { folder: origin[0], taken: origin[1] === 1 } }),
  };
};
