/**
 * The version of the WebSocket protocol (`wire.ts`). A client names its own in its first message, the node answers with the
 * older of both, and each refuses what lies below its floor with `PROTOCOL_VERSION`.
 *
 * Versions: 1, the first.
 */
export const protocolVersion = 1;

/** The oldest version that is still spoken. */
export const protocolVersionFloor = 1;
