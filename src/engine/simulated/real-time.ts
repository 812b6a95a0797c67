/** What the simulator itself needs of the real world, taken before a simulated process replaces it: imported first. */
export const realSetImmediate: (run: () => void) => unknown = globalThis.setImmediate;
