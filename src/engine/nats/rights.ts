/**
 * What one node of a cluster must be allowed to do at NATS servers, and no more. Pure.
 *
 * G1  It makes the streams of its cluster, each by its name: another one could be made to take what is meant for others.
 * G2  It changes, removes, saves and restores no stream. What it removes of one is what lies before a position (`trim`) and blobs; the
 *     right to do so is one to a whole stream, since a subject does not say how much of it is meant.
 * G3  It hears the bus and its own answers. To others it says what they have asked it for: acknowledgements of records are sent to
 *     inboxes as well, and nobody but the servers sends those.
 *
 * `*` stands for all streams of the account: an app is an account of its own.
 */
import { limits } from '../../limits.ts';
import {
  blobStream,
  blobSubjects,
  busSubjects,
  inboxOf,
  logStream,
  logSubject,
  mapLogName,
  partitionLogName,
} from './names.ts';
import type { NatsUser } from './server/server-config.ts';

export const nodeRights = (cluster: string, partitions: number, member: string): Required<NatsUser>['permissions'] => ({
  publish: {
    allow: [
      logSubject(cluster, '*'),
      `${blobSubjects(cluster)}.>`,
      `${busSubjects(cluster)}.*`,
      '$JS.API.INFO',
      ...['STREAM.INFO', 'STREAM.MSG.GET', 'DIRECT.GET', 'STREAM.PURGE'].map((request) => `$JS.API.${request}.*`),
      ...streamsOf(cluster, partitions).map((stream) => `$JS.API.STREAM.CREATE.${stream}`),
    ],
  },
  subscribe: { allow: [`${busSubjects(cluster)}.*`, `${inboxOf(member)}.>`] },
  // A long message goes in pieces.
  allow_responses: { max: Math.ceil(limits.busAssemblyBytesMax / limits.busPieceBytes), expires: '2m' },
});

/** The names of all streams that a cluster has. */
export const streamsOf = (cluster: string, partitions: number): readonly string[] => [
  ...[mapLogName, ...Array.from({ length: partitions }, (_, number) => partitionLogName(number))].map((log) =>
    logStream(cluster, log),
  ),
  blobStream(cluster),
];
