/** A bug as a change of one place of the sources. */

export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

/** What a file holds with the bug in it. Throws where its place is not there exactly once. */
export const patched = (source: string, { file, find, replace }: Patch): string => {
  if (source.split(find).length !== 2)
    throw new Error(`This is not exactly once in ${file}, so nothing can be planted there; adapt the patch: ${find}`);
  return source.replace(find, () => replace);
};
