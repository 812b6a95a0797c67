/** Addresses as users write them, made into those of a gateway's WebSocket. */
import { TuttiError } from '../errors/tutti-error.ts';
import { connectPath } from '../protocol/wire.ts';

/**
 * `http://host:8484`, `wss://host`, with what stands before the gateway's paths there, or in a page a path such as `/`, taken from the
 * page's own address. Throws `OPTION_INVALID`.
 */
export const socketAddress = (url: string): string => {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  const parsed = URL.canParse(url, base) ? new URL(url, base) : undefined;
  const protocol = parsed?.protocol.replace('http', 'ws');
  if (parsed === undefined || (protocol !== 'ws:' && protocol !== 'wss:'))
    throw new TuttiError(
      'OPTION_INVALID',
      `connect: ${JSON.stringify(url)} is no address of a node: write http://host:8484, or https:// where it has TLS.`,
      { details: { option: 'url' } },
    );
  return `${protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}${connectPath}`;
};
