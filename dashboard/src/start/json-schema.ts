/**
 * What a JSON Schema (2020-12) asks for, as far as a form can show it. What it cannot show (conditions, patterns of keys, several
 * schemas at once) is `json`: typed in as text, and checked by the node like everything else. Pure.
 */

export type Schema = Readonly<Record<string, unknown>>;

export type Choice = { readonly label: string; readonly value: unknown };
export type Property = { readonly name: string; readonly schema: Schema; readonly required: boolean };
export type Variant = { readonly label: string; readonly schema: Schema };

export type Shape =
  | { readonly kind: 'text'; readonly long: boolean; readonly input: 'text' | 'email' | 'url' | 'date' | 'time' }
  | { readonly kind: 'number'; readonly whole: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'null' }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[] }
  | { readonly kind: 'object'; readonly properties: readonly Property[] }
  | { readonly kind: 'list'; readonly items: Schema }
  | { readonly kind: 'tuple'; readonly items: readonly Schema[] }
  | { readonly kind: 'variants'; readonly variants: readonly Variant[] }
  | { readonly kind: 'json' };

const refsMax = 20;
/** A text that may be longer than this gets room for several lines. */
const longText = 200;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listOf = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.filter(isSchema) : []);
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The schema itself, where it only names another (`$ref` within `root`). */
export const resolved = (schema: Schema, root: Schema): Schema => {
  let current = schema;
  for (let step = 0; step < refsMax && typeof current['$ref'] === 'string'; step++) {
    const path = current['$ref'];
    if (!path.startsWith('#')) return {};
    let target: unknown = root;
    for (const part of path
      .slice(1)
      .split('/')
      .filter((name) => name !== ''))
      target = isSchema(target)
        ? target[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')]
        : undefined;
    if (!isSchema(target)) return {};
    const { $ref: _, ...beside } = current;
    current = { ...target, ...beside };
  }
  return current;
};

const typeOf = (schema: Schema): string | undefined => {
  const { type } = schema;
  if (typeof type === 'string') return type;
  if (type === undefined && isSchema(schema['properties'])) return 'object';
  return undefined;
};

export const shapeOf = (given: Schema, root: Schema): Shape => {
  const schema = resolved(given, root);
  if ('const' in schema) return { kind: 'choice', choices: [choiceOf(schema['const'])] };
  if (Array.isArray(schema['enum'])) return { kind: 'choice', choices: schema['enum'].map(choiceOf) };
  const variants = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])];
  if (variants.length > 0) return variantsOf(variants, root);
  if (Array.isArray(schema['type']))
    return variantsOf(
      schema['type'].filter((type) => typeof type === 'string').map((type) => ({ ...schema, type })),
      root,
    );
  if (['allOf', 'not', 'if', 'patternProperties', 'dependentSchemas'].some((word) => word in schema))
    return { kind: 'json' };
  switch (typeOf(schema)) {
    case 'string':
      return textShape(schema);
    case 'number':
      return { kind: 'number', whole: false };
    case 'integer':
      return { kind: 'number', whole: true };
    case 'boolean':
      return { kind: 'boolean' };
    case 'null':
      return { kind: 'null' };
    case 'array': {
      if (Array.isArray(schema['prefixItems'])) return { kind: 'tuple', items: listOf(schema['prefixItems']) };
      return isSchema(schema['items']) ? { kind: 'list', items: schema['items'] } : { kind: 'json' };
    }
    case 'object': {
      const { properties, additionalProperties } = schema;
      if (!isSchema(properties) || isSchema(additionalProperties)) return { kind: 'json' };
      const required = Array.isArray(schema['required']) ? schema['required'] : [];
      return {
        kind: 'object',
        properties: Object.entries(properties).map(([name, of]) => ({
          name,
          schema: isSchema(of) ? of : {},
          required: required.includes(name),
        })),
      };
    }
    default:
      return { kind: 'json' };
  }
};

const textShape = (schema: Schema): Shape => {
  const { maxLength, format } = schema;
  const inputs = { email: 'email', uri: 'url', date: 'date', time: 'time' } as const;
  const input =
    typeof format === 'string' && Object.hasOwn(inputs, format) ? inputs[format as keyof typeof inputs] : 'text';
  return { kind: 'text', long: typeof maxLength === 'number' && maxLength > longText, input };
};

const choiceOf = (value: unknown): Choice => ({
  label: typeof value === 'string' ? value : JSON.stringify(value),
  value,
});

const variantsOf = (schemas: readonly Schema[], root: Schema): Shape => {
  const shapes = schemas.map((schema) => shapeOf(schema, root));
  if (shapes.every((shape) => shape.kind === 'choice'))
    return { kind: 'choice', choices: shapes.flatMap(({ choices }) => choices) };
  return {
    kind: 'variants',
    variants: schemas.map((schema, index) => ({
      schema,
      label: variantLabel(resolved(schema, root), shapes[index] as Shape),
    })),
  };
};

const variantLabel = (schema: Schema, shape: Shape): string => {
  const title = textOf(schema['title']);
  if (title !== undefined) return title;
  if (shape.kind === 'choice') return shape.choices.map(({ label }) => label).join(' | ');
  if (shape.kind !== 'object') return shape.kind;
  // What tells unions of objects apart is mostly a constant.
  const { properties } = shape;
  const tag = properties.find(({ schema: of }) => 'const' in of);
  return tag === undefined
    ? `{ ${properties.map(({ name }) => name).join(', ')} }`
    : `${tag.name}: ${String(tag.schema['const'])}`;
};

export const titleOf = (schema: Schema): string | undefined => textOf(schema['title']);
export const aboutOf = (schema: Schema): string | undefined => textOf(schema['description']);

/** What a new field holds: the schema's default, else what is nearest to nothing. Undefined: left out. */
export const blankOf = (given: Schema, root: Schema, required = true): unknown => {
  const schema = resolved(given, root);
  if ('default' in schema) return schema['default'];
  if (!required) return undefined;
  const shape = shapeOf(schema, root);
  switch (shape.kind) {
    case 'text':
      return '';
    case 'number':
      return undefined;
    case 'boolean':
      return false;
    case 'null':
      return null;
    case 'choice':
      return shape.choices[0]?.value;
    case 'object': {
      const entries = shape.properties
        .map((property) => [property.name, blankOf(property.schema, root, property.required)] as const)
        .filter(([, value]) => value !== undefined);
      return Object.fromEntries(entries);
    }
    case 'list':
      return [];
    case 'tuple':
      return shape.items.map((item) => blankOf(item, root));
    case 'variants':
      return blankOf(shape.variants[0]?.schema ?? {}, root);
    case 'json':
      return undefined;
    default:
      return shape satisfies never;
  }
};

/** Whether a value could be of a schema: enough to choose among variants. */
export const fits = (value: unknown, given: Schema, root: Schema): boolean => {
  const shape = shapeOf(given, root);
  switch (shape.kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'null':
      return value === null;
    case 'choice':
      return shape.choices.some((choice) => choice.value === value);
    case 'list':
    case 'tuple':
      return Array.isArray(value);
    case 'object':
      return (
        isSchema(value) &&
        shape.properties.every(({ name, schema, required }) =>
          name in value ? !('const' in schema) || value[name] === schema['const'] : !required,
        )
      );
    case 'variants':
      return shape.variants.some(({ schema }) => fits(value, schema, root));
    case 'json':
      return true;
    default:
      return shape satisfies never;
  }
};
