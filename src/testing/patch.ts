/** Replaces a property of an object that others share. */
export const patch = (target: object, name: string | symbol, value: unknown): void => {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: true });
};
