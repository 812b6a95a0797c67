/** Values that a JSON Schema admits, generated: of the keywords that the description of the gateway uses; any for a reference. */
import fc from 'fast-check';

type Schema = Readonly<Record<string, unknown>>;

export const arbitraryOf = (schema: Schema): fc.Arbitrary<unknown> => {
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  if ('const' in schema) return fc.constant(schema['const']);
  switch (schema['type']) {
    case undefined:
      return fc.jsonValue();
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({
        min: (schema['minimum'] as number | undefined) ?? -1_000_000,
        max: Math.min((schema['maximum'] as number | undefined) ?? 1_000_000, 2 ** 31 - 1),
      });
    case 'boolean':
      return fc.boolean();
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(arbitraryOf((schema['items'] ?? {}) as Schema), { maxLength: 3 });
    default:
      throw new Error(`This generator knows no schema of type ${JSON.stringify(schema['type'])}`);
  }
};

const textOf = (schema: Schema): fc.Arbitrary<string> => {
  if (schema['format'] === 'date-time')
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((time) => time.toISOString());
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'], 'u'));
  return fc.string({
    minLength: (schema['minLength'] as number | undefined) ?? 0,
    maxLength: (schema['maxLength'] as number | undefined) ?? 50,
    unit: 'grapheme',
  });
};

const objectOf = (schema: Schema): fc.Arbitrary<Record<string, unknown>> => {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>>;
  const fields = Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, arbitraryOf(of)]));
  return fc.record(fields, { requiredKeys: (schema['required'] ?? []) as string[] });
};
