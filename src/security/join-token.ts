/**
 * Join tokens as text: one word that can stand in an address, and in which a slip of the keyboard shows.
 *
 * ```
 * tutti1 + base64url( secret, 16 bytes | SHA-256 of the authority's certificate, 32 bytes | CRC-32 of both, 4 bytes )
 * ```
 *
 * It carries whom to trust: who joins needs not believe the first one that answers.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { crc32 } from '../platform/crc32.ts';

export type JoinToken = { readonly secret: Uint8Array; readonly authority: Uint8Array };

const prefix = 'tutti1';
export const secretBytes = 16;
const fingerprintBytes = 32;
const bodyBytes = secretBytes + fingerprintBytes;

export const writeJoinToken = ({ secret, authority }: JoinToken): string => {
  const bytes = Buffer.alloc(bodyBytes + 4);
  bytes.set(secret, 0);
  bytes.set(authority, secretBytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, bodyBytes)), bodyBytes);
  return prefix + bytes.toString('base64url');
};

/** Throws `JOIN_TOKEN_MISTYPED` for what `writeJoinToken` cannot have written. */
export const readJoinToken = (text: string): JoinToken => {
  const bytes = Buffer.from(text.startsWith(prefix) ? text.slice(prefix.length) : '', 'base64url');
  const whole = bytes.length === bodyBytes + 4 && prefix + bytes.toString('base64url') === text;
  if (!whole || crc32(bytes.subarray(0, bodyBytes)) !== bytes.readUInt32BE(bodyBytes))
    throw new TuttiError(
      'JOIN_TOKEN_MISTYPED',
      `That is no whole join token: a character is missing, or not as it was. It begins with ${prefix} and has ${prefix.length + 70} characters; copy all of it.`,
    );
  return { secret: bytes.subarray(0, secretBytes), authority: bytes.subarray(secretBytes, bodyBytes) };
};
