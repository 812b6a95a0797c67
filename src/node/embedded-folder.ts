/** Whether a folder is the data folder of an embedded node, whose tasks can be taken elsewhere. */
import { type DataFormat, readDataFormat } from '../engine/embedded/data-folder.ts';
import { holdFolder } from '../engine/embedded/folder-lock.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { readMemberFolder } from './member-folder.ts';

/** Throws `DATA_UNAVAILABLE` for a folder that is none, `DATA_FORMAT` for one of another version. */
export const embeddedFormat = (folder: string): DataFormat => {
  const format = readDataFormat(folder);
  if (format !== undefined) return format;
  const member = readMemberFolder(folder);
  const why =
    member === undefined
      ? 'is no data folder: nothing has run there yet. Name the one that was used with --data DIR'
      : `is that of node "${member.member}" of cluster "${member.cluster}", whose tasks are in the cluster`;
  throw new TuttiError('DATA_UNAVAILABLE', `${folder} ${why}.`, { details: { folder } });
};

/** The same, and `DATA_LOCKED` where a process holds it. */
export const checkTakeable = (folder: string): void => {
  embeddedFormat(folder);
  holdFolder(folder)?.release();
};
