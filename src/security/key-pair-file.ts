/**
 * A private key, its certificate and that of the authority in one file, so that no crash leaves a key beside the certificate of
 * another. Node.js and nats-server take such a file for each of the three.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { type KeyPair, readCertificate } from './certificate.ts';
import type { PrivateFolder } from './private-folder.ts';

export type KeyPairFile = KeyPair & { readonly authority: string };

export const writeKeyPair = (folder: PrivateFolder, name: string, { key, certificate, authority }: KeyPairFile): void =>
  folder.write(name, key + certificate + authority);

/** What `writeKeyPair` wrote; undefined if there is none. Throws `DATA_FORMAT` for anything else. */
export const readKeyPair = (folder: PrivateFolder, name: string): KeyPairFile | undefined => {
  const text = folder.read(name);
  if (text === undefined) return undefined;
  const [key, certificate, authority, ...more] =
    text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----\n/g) ?? [];
  if (key === undefined || certificate === undefined || authority === undefined || more.length > 0)
    throw new TuttiError(
      'DATA_FORMAT',
      `The file ${name} in ${folder.path} is not one that Tutti wrote: a key and two certificates. Move it away and join again.`,
      { details: { folder: folder.path } },
    );
  readCertificate(certificate);
  return { key, certificate, authority };
};
