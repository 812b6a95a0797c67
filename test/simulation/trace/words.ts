/** Values in a few words. */

const charsMax = 40;

/** `node 1, how power, downMs 100`. */
export const textOf = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name} ${shortly(value)}`)
    .join(', ');

/** One value; long text is cut, and what does not print is shown in hex. */
export const shortly = (value: unknown): string => {
  if (value instanceof Error) return value.message;
  const text =
    typeof value === 'string'
      ? value
      : value instanceof Uint8Array
        ? `${value.length} bytes`
        : (JSON.stringify(value) ?? 'undefined');
  const printable = text.replace(/[^\x20-\x7e]+/g, (part) => `‹${Buffer.from(part, 'latin1').toString('hex')}›`);
  return printable.length > charsMax ? `${printable.slice(0, charsMax)}…` : printable;
};
