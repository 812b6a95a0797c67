/** Whether an inventory can start at a folder, said before any work is done. */
import { opendirSync } from 'node:fs';

/** A sentence that says why no inventory of `folder` can be taken, or undefined if it can. */
export function folderTrouble(folder: string): string | undefined {
  try {
    opendirSync(folder).closeSync();
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    switch (code) {
      case 'ENOENT':
        return `There is no folder ${JSON.stringify(folder)}.`;
      case 'ENOTDIR':
        return `${JSON.stringify(folder)} is not a folder.`;
      case undefined:
        throw error;
      default:
        return `The folder ${JSON.stringify(folder)} cannot be read (${String(code)}).`;
    }
  }
}
