/** Whether somebody is at an address, and whose NATS server it is. Nothing is said there, and nothing asked. */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { limits } from '../limits.ts';
import { keyFingerprint, readCertificate } from '../security/certificate.ts';
import { identityOf } from '../security/identity.ts';
import type { KeyPairFile } from '../security/key-pair-file.ts';
import { placeOf } from '../security/server-request.ts';

/** Whether something takes connections at `address`, `host:port`. */
export const answers = (address: string): Promise<boolean> =>
  opened(address).then(
    (socket) => {
      socket.destroy();
      return true;
    },
    () => false,
  );

/** The key (SHA-256, hexadecimal) of the server of machine `name`, which takes clients at `address`. Rejects with what is there instead. */
export const serverKeyAt = async (address: string, name: string, own: KeyPairFile): Promise<string> => {
  const socket = await opened(address);
  try {
    // NATS greets before it goes on with TLS.
    await settled(socket, (done) => socket.once('data', done));
    const { key, certificate: cert, authority: ca } = own;
    const secure = connectTls({ socket, key, cert, ca, minVersion: 'TLSv1.3', checkServerIdentity: () => undefined });
    await settled(secure, (done) => secure.once('secureConnect', done));
    const shown = secure.getPeerX509Certificate();
    if (shown === undefined) throw new Error('it shows no certificate');
    const { uris, x509 } = readCertificate(shown.toString());
    const identity = identityOf(uris);
    if (identity?.kind !== 'server' || identity.name !== name)
      throw new Error(`who answers there is no server of ${name}`);
    return keyFingerprint(x509.publicKey);
  } finally {
    socket.destroy();
  }
};

const opened = async (address: string): Promise<Socket> => {
  const { host, port } = placeOf(address);
  const socket = connectPlain({ host, port });
  await settled(socket, (done) => socket.once('connect', done));
  return socket;
};

/** Rejects when the socket ends before, or nothing comes for too long. */
const settled = (socket: Socket, when: (done: () => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      socket.setTimeout(0);
      socket.off('error', failed);
      socket.off('close', closed);
      // What comes later concerns nobody.
      socket.on('error', () => undefined);
      settle();
    };
    const failed = (error: Error): void => end(() => reject(error));
    const closed = (): void => failed(new Error('it ends the connection'));
    socket.once('error', failed);
    socket.once('close', closed);
    socket.setTimeout(limits.replaceAnswerMs, () => socket.destroy(new Error('nothing comes from there')));
    when(() => end(resolve));
  });
