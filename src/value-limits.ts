/** Bounds of values and names, each a constant of its own: see `limits.ts`. */
export const valueTextCharsMax = 16 * 1024 * 1024;
export const nameCharsMax = 200;
export const idempotencyKeyBytesMax = 512;
export const storeKeyBytesMax = 1500;
export const valueDepthMax = 1000;
/** Of one error in a value; how deep errors stand below others, how many there are, and their text altogether. */
export const errorMessageCharsMax = 16 * 1024;
export const errorStackCharsMax = 16 * 1024;
export const errorNestingMax = 16;
export const errorsMax = 64;
export const errorsCharsMax = 1024 * 1024;
