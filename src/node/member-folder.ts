/**
 * The data folder of a cluster's node: `member.json` says which node of which cluster it belongs to. What lies beside it, the store and
 * the copies of records, is made good from the cluster where it is missing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { readDataFormat } from '../engine/embedded/data-folder.ts';
import { TuttiError } from '../errors/tutti-error.ts';

const fileName = 'member.json';
const memberFormat = 1;

export type MemberFolder = { readonly cluster: string; readonly member: string };

/**
 * Makes a folder that is prepared and locked that of a node, or sees that it is. Throws `DATA_FORMAT` for one of another node, of
 * another cluster or of an embedded node.
 */
export const openMemberFolder = (folder: string, { cluster, member }: MemberFolder): void => {
  const known = readMemberFolder(folder);
  if (known === undefined) {
    if (readDataFormat(folder) !== undefined)
      throw wrong(folder, 'it is that of an embedded node. Name another one, and take its tasks along with --from');
    const text = `${JSON.stringify({ format: memberFormat, cluster, member }, null, 2)}\n`;
    fs.writeFileSync(path.join(folder, fileName), text, { flush: true, mode: 0o600 });
  } else if (known.cluster !== cluster || known.member !== member)
    throw wrong(folder, `it belongs to node "${known.member}" of cluster "${known.cluster}". Name another one`);
};

/** Whose folder it is; undefined: of no node of a cluster. Throws `DATA_FORMAT`. */
export const readMemberFolder = (folder: string): MemberFolder | undefined => {
  let text: string;
  try {
    text = fs.readFileSync(path.join(folder, fileName), 'utf8');
  } catch {
    return undefined;
  }
  let read: Partial<MemberFolder & { readonly format: number }>;
  try {
    read = JSON.parse(text) as typeof read;
  } catch {
    read = {};
  }
  const { format, cluster, member } = read;
  if (format !== memberFormat || typeof cluster !== 'string' || typeof member !== 'string')
    throw wrong(folder, `its ${fileName} is not one that this version of Tutti wrote`);
  return { cluster, member };
};

const wrong = (folder: string, why: string): TuttiError =>
  new TuttiError('DATA_FORMAT', `The data folder ${folder} cannot be used: ${why}.`, { details: { folder } });
