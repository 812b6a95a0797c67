/** Bounds of the client, some of which nodes know as well, each a constant of its own: see `limits.ts`. */
export const clientTimeoutMs = 30_000;
export const clientGiveUpMs = 30_000;
/** From a dial to the connection, the first time: it doubles with each failure in a row, up to `clientDialMs`. */
export const clientOpenMs = 4_000;
/** From the connection to the node's greeting: where there are other addresses, and where there is no other. */
export const clientDialMs = 10_000;
export const clientDialOnlyMs = 20_000;
export const clientBackoffFirstMs = 100;
export const clientBackoffMaxMs = 10_000;
/** Requests that a client holds, sent or not. */
export const clientPendingMax = 200_000;
export const clientAddressesMax = 64;
/** Events of a stream that were not taken yet: beyond, the stream is stopped and later resumed. */
export const streamEventsMax = 10_000;
/** Messages are gathered into one frame up to about so many characters. */
export const frameGatherChars = 64 * 1024;
/** What a client says of itself: a node hears from a live one at least so often. */
export const clientHeartbeatMs = 5_000;
/** A connection on which nothing was heard for so many heartbeats is given up. */
export const clientHeartbeatsMissed = 3;
export const overloadedRetryMs = 50;
/** Longer texts come in parts. */
export const textPartChars = 64 * 1024;
