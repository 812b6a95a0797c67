/** Bounds of values and names, each a constant of its own: see `limits.ts`. */
export const valueTextCharsMax = 16 * 1024 * 1024;
export const nameCharsMax = 200;
export const idempotencyKeyBytesMax = 512;
export const storeKeyBytesMax = 1500;
export const valueDepthMax = 1000;
