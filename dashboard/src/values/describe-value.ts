/** What a value is, in a line, and what stands in it: the same kinds as `src/values/kinds.ts`. Pure. */

export type Part = { readonly label: string; readonly value: unknown; readonly key?: unknown };

export type Described = {
  /** For colour. */
  readonly tone: 'text' | 'number' | 'word' | 'special' | 'group';
  /** The kind, where the text does not tell. */
  readonly kind: string | undefined;
  readonly text: string;
  readonly parts: readonly Part[];
};

const leaf = (tone: Described['tone'], text: string, kind?: string): Described => ({ tone, kind, text, parts: [] });
const group = (kind: string | undefined, text: string, parts: readonly Part[]): Described => ({
  tone: 'group',
  kind,
  text,
  parts,
});

const bytesShown = 16;
const bytesText = (bytes: Uint8Array): string => {
  const hex = Array.from(bytes.subarray(0, bytesShown), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > bytesShown ? `${hex} …` : hex;
};

export const describeValue = (value: unknown): Described => {
  switch (typeof value) {
    case 'string':
      return leaf('text', JSON.stringify(value));
    case 'number':
      return leaf('number', Object.is(value, -0) ? '-0' : String(value));
    case 'bigint':
      return leaf('number', `${value}n`, 'bigint');
    case 'object':
      return value === null ? leaf('word', 'null') : describeObject(value);
    default:
      return leaf('word', String(value));
  }
};

const describeObject = (value: object): Described => {
  if (Array.isArray(value))
    return group(
      undefined,
      `[${value.length}]`,
      value.map((part: unknown, index) => ({ label: String(index), value: part })),
    );
  if (value instanceof Date) return leaf('special', value.toISOString(), 'Date');
  if (value instanceof URL) return leaf('special', value.href, 'URL');
  if (value instanceof RegExp) return leaf('special', String(value), 'RegExp');
  if (value instanceof Map)
    return group(
      'Map',
      `(${value.size})`,
      [...value].map(([key, part]) => ({ label: describeValue(key).text, key, value: part })),
    );
  if (value instanceof Set)
    return group(
      'Set',
      `(${value.size})`,
      [...value].map((part: unknown, index) => ({ label: String(index), value: part })),
    );
  if (value instanceof Error) return group(value.name, value.message, errorParts(value));
  if (value instanceof Uint8Array) return leaf('special', bytesText(value), `${kindName(value)}(${value.length})`);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    const numbers = Array.from(value as unknown as ArrayLike<number | bigint>);
    return group(
      kindName(value),
      `(${numbers.length})`,
      numbers.map((part, index) => ({ label: String(index), value: part })),
    );
  }
  const entries = Object.entries(value);
  return group(
    undefined,
    entries.length === 0 ? '{}' : `{${entries.length}}`,
    entries.map(([label, part]) => ({ label, value: part })),
  );
};

const kindName = (value: object): string => value.constructor.name;

const errorParts = (error: Error): readonly Part[] => {
  const own = Object.entries(error).filter(([name]) => !['name', 'message', 'stack', 'cause'].includes(name));
  const parts: Part[] = own.map(([label, value]) => ({ label, value }));
  if (error.cause !== undefined) parts.push({ label: 'cause', value: error.cause });
  return parts;
};
