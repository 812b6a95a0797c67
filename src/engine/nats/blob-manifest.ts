/**
 * How a blob lies in its stream: one manifest under its name, which has the bytes themselves where they are few, and otherwise
 * the sequences of the messages that have them.
 *
 * ```
 * <prefix>.m.<name>                      headers Tutti-Size, Tutti-Sha256, Tutti-Upload, Tutti-Chunks; the bytes, or [sequence, …]
 * <prefix>.c.<name>.<upload>.<index>     bytes
 * ```
 *
 * In a subject a name has `+` for `.`, which no name contains. History: format 1, the first.
 */
import { createHash } from 'node:crypto';
import { type MsgHdrs, headers as natsHeaders } from '@nats-io/transport-node';

export type Manifest = {
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Random: tells who stored it from others that tried at the same time. */
  readonly upload: string;
  /** Where the bytes are; undefined: in the manifest itself. */
  readonly chunks: readonly number[] | undefined;
  readonly bytes: Uint8Array;
};

export const tokenOf = (name: string): string => name.replaceAll('.', '+');
export const nameOf = (token: string): string => token.replaceAll('+', '.');
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const manifestHeaders = ({ sizeBytes, sha256: hash, upload, chunks }: Manifest): MsgHdrs => {
  const headers = natsHeaders();
  headers.set('Tutti-Size', String(sizeBytes));
  headers.set('Tutti-Sha256', hash);
  headers.set('Tutti-Upload', upload);
  headers.set('Tutti-Chunks', String(chunks?.length ?? 0));
  return headers;
};

/** Reads what JetStream gives for a message: headers and body in base64. Undefined: no manifest. */
export const parseManifest = (message: { readonly hdrs?: string; readonly data?: string }): Manifest | undefined => {
  const text = Buffer.from(message.hdrs ?? '', 'base64').toString('latin1');
  const header = (name: string): string | undefined => new RegExp(`^${name}: (\\S+)\r$`, 'm').exec(text)?.[1];
  const [size, hash, upload, count] = ['Size', 'Sha256', 'Upload', 'Chunks'].map((name) => header(`Tutti-${name}`));
  if (size === undefined || hash === undefined || upload === undefined || count === undefined) return undefined;
  const bytes = Buffer.from(message.data ?? '', 'base64');
  const common = { sizeBytes: Number(size), sha256: hash, upload, bytes };
  if (count === '0') return { ...common, chunks: undefined };
  try {
    const chunks = JSON.parse(bytes.toString()) as readonly number[];
    return chunks.length === Number(count) ? { ...common, chunks } : undefined;
  } catch {
    return undefined;
  }
};
