/** What the streams and subjects of a cluster are called. Rights are given by these names (`rights.ts`). */
import { TuttiError } from '../../errors/tutti-error.ts';

export const logStream = (cluster: string, log: string): string => `TUTTI_${cluster}_log_${log}`;
export const logSubject = (cluster: string, log: string): string => `tutti.${cluster}.log.${log}`;
export const blobStream = (cluster: string): string => `TUTTI_${cluster}_blobs`;
/** What subjects of blobs begin with, and those of the bus. */
export const blobSubjects = (cluster: string): string => `tutti.${cluster}.blob`;
export const busSubjects = (cluster: string): string => `tutti.${cluster}.bus`;

/** The logs of a cluster: that of its map, and one for each partition. */
export const mapLogName = 'map';
export const partitionLogName = (number: number): string => `p${number}`;

/** What subjects begin with at which one member takes its answers. One token, whatever it is called. */
export const inboxOf = (member: string): string => `_INBOX.${member.replaceAll('.', '+')}`;

/** Throws `OPTION_INVALID` for what can be the name of no cluster and no log. */
export const checkedName = (name: string): string => {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(name)) return name;
  throw new TuttiError(
    'OPTION_INVALID',
    `${JSON.stringify(name)} cannot be the name of a cluster or log: letters, digits, "_" and "-" only, 64 at most.`,
    { details: { name } },
  );
};
