/** Kinds of messages from a node (`wire.ts`). */
export const welcome = 0;
export const reply = 1;
export const event = 2;
export const hint = 3;
export const pong = 4;
export const part = 5;
