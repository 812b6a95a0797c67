/** Kinds of messages from a client (`wire.ts`). */
export const hello = 0;
export const request = 1;
export const stop = 2;
export const ping = 3;
