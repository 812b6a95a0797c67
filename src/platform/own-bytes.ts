/** A copy that shares no memory with `bytes`. (`slice` of a Buffer, which many libraries return, is no copy.) */
export const ownBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
