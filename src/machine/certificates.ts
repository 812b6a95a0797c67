/** The certificates of a machine: as a node of its app, and, where it runs a server, as that. Each in its file, kept from running out. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Env } from '../platform/env.ts';
import { type RenewalRequest, renewalRequest } from '../security/authority.ts';
import { CertificateKeeper } from '../security/certificate-keeper.ts';
import { type KeyPairFile, readKeyPair, writeKeyPair } from '../security/key-pair-file.ts';
import type { PrivateFolder } from '../security/private-folder.ts';

export const certificateFiles = { node: 'node.pem', server: 'server.pem' } as const;
export type CertificateRole = keyof typeof certificateFiles;

export type CertificatesOptions = {
  readonly folder: PrivateFolder;
  readonly env: Pick<Env, 'clock' | 'timers'>;
  readonly renew: (request: RenewalRequest) => Promise<string>;
  /** It is on disk by then. */
  readonly renewed: (role: CertificateRole, pair: KeyPairFile) => void;
  readonly report: (error: unknown) => void;
};

export class Certificates {
  readonly #keepers: readonly CertificateKeeper[];

  constructor({ folder, env, renew, renewed, report }: CertificatesOptions) {
    this.#keepers = (['node', 'server'] as const).flatMap((role) => {
      const file = certificateFiles[role];
      const current = readKeyPair(folder, file);
      if (current === undefined) return [];
      const { authority } = current;
      const keeper = new CertificateKeeper({
        env,
        current,
        renew: async (pair) => {
          // Other servers may know this one by its key, which it has for as long as it is a machine of the cluster.
          const { key, request } = role === 'server' ? renewalRequest(pair, pair.key) : renewalRequest(pair);
          return { key, certificate: await renew(request) };
        },
        save: (pair) => writeKeyPair(folder, file, { ...pair, authority }),
        report,
      });
      keeper.onRenewed((pair) => renewed(role, { ...pair, authority }));
      return [keeper];
    });
  }

  close(): void {
    for (const keeper of this.#keepers) keeper.close();
  }
}

/** Throws `DATA_FORMAT` where it is not there. */
export const pairOf = (folder: PrivateFolder, role: CertificateRole): KeyPairFile => {
  const pair = readKeyPair(folder, certificateFiles[role]);
  if (pair !== undefined) return pair;
  throw new TuttiError(
    'DATA_FORMAT',
    `The file ${certificateFiles[role]} is missing in ${folder.path}. Put it back from a copy, or join again with another data folder.`,
    { details: { folder: folder.path } },
  );
};
