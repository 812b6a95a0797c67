/**
 * A private key, its certificate and that of the authority in one file, so that no crash leaves a key beside the certificate of
 * another. Node.js and nats-server take such a file for each of the three.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { type KeyPair, makeKey } from './certificate.ts';
import type { PrivateFolder } from './private-folder.ts';

export type KeyPairFile = KeyPair & { readonly authority: string };

/**
 * The key with which this machine asks for its certificate, on disk before it is used: who repeats a join that was cut short is
 * the same machine to the cluster.
 */
export const keyToJoinWith = (folder: PrivateFolder, name: string): string => {
  const known = folder.read(pendingOf(name));
  if (known !== undefined) return known;
  const key = makeKey();
  folder.write(pendingOf(name), key);
  return key;
};

/** Writes the file, and lets go of the key that was kept for it. */
export const writeKeyPair = (
  folder: PrivateFolder,
  name: string,
  { key, certificate, authority }: KeyPairFile,
): void => {
  folder.write(name, key + certificate + authority);
  folder.remove(pendingOf(name));
};

const pendingOf = (name: string): string => `${name}.joining`;

/** What `writeKeyPair` wrote; undefined if there is none. Throws `DATA_FORMAT` for anything else. */
export const readKeyPair = (folder: PrivateFolder, name: string): KeyPairFile | undefined => {
  const text = folder.read(name);
  if (text === undefined) return undefined;
  const [key, certificate, authority, ...more] =
    text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n/g) ?? [];
  const kinds = [key, certificate, authority].map((part) => /BEGIN (.*?)-/.exec(part ?? '')?.[1]).join();
  if (kinds !== 'PRIVATE KEY,CERTIFICATE,CERTIFICATE' || more.length > 0)
    throw new TuttiError(
      'DATA_FORMAT',
      `The file ${name} in ${folder.path} is not one that Tutti wrote: a key and two certificates. Move it away and join again.`,
      { details: { folder: folder.path } },
    );
  return { key: key as string, certificate: certificate as string, authority: authority as string };
};
