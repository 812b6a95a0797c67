import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { blankOf, fits, resolved, type Schema, shapeOf } from './json-schema.ts';

const schemaOf = (type: z.ZodType): Schema => z.toJSONSchema(type) as Schema;
const kindOf = (schema: Schema): string => shapeOf(schema, schema).kind;

describe('what a schema asks for', () => {
  test('is told from what schema libraries make of types', () => {
    expect(kindOf(schemaOf(z.string()))).toBe('text');
    expect(shapeOf(schemaOf(z.int()), {})).toEqual({ kind: 'number', whole: true });
    expect(kindOf(schemaOf(z.boolean()))).toBe('boolean');
    expect(shapeOf(schemaOf(z.enum(['a', 'b'])), {})).toMatchObject({
      kind: 'choice',
      choices: [{ value: 'a' }, { value: 'b' }],
    });
    expect(kindOf(schemaOf(z.array(z.string())))).toBe('list');
    expect(kindOf(schemaOf(z.tuple([z.string(), z.number()])))).toBe('tuple');
    expect(kindOf(schemaOf(z.record(z.string(), z.number())))).toBe('json');
    expect(kindOf(schemaOf(z.union([z.literal('x'), z.literal(3)])))).toBe('choice');
    const order = schemaOf(z.object({ id: z.string(), count: z.number().optional() }));
    expect(shapeOf(order, order)).toMatchObject({
      kind: 'object',
      properties: [
        { name: 'id', required: true },
        { name: 'count', required: false },
      ],
    });
    const pay = schemaOf(
      z.discriminatedUnion('by', [
        z.object({ by: z.literal('card'), no: z.string() }),
        z.object({ by: z.literal('cash') }),
      ]),
    );
    expect(shapeOf(pay, pay)).toMatchObject({
      kind: 'variants',
      variants: [{ label: 'by: card' }, { label: 'by: cash' }],
    });
  });

  test('is followed through references, also in a circle', () => {
    const tree: Schema = {
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
      $ref: '#/$defs/node',
    };
    expect(kindOf(tree)).toBe('object');
    expect(blankOf(tree, tree)).toEqual({});
    expect(resolved({ $ref: '#' }, { $ref: '#' })).toBeDefined();
    expect(kindOf({ $ref: 'https://example.org/x' })).toBe('json');
    expect(kindOf({ $ref: '#/none' })).toBe('json');
  });

  test('is text where a form cannot show it', () => {
    for (const schema of [{}, { allOf: [{ type: 'string' }] }, { type: 'object' }, { type: 'array' }, { not: {} }])
      expect(kindOf(schema)).toBe('json');
  });
});

test('a blank form holds defaults and what is required', () => {
  const order = schemaOf(
    z.object({
      id: z.string(),
      kind: z.enum(['new', 'old']),
      tries: z.int().default(3),
      note: z.string().optional(),
      tags: z.array(z.string()),
    }),
  );
  expect(blankOf(order, order)).toEqual({ id: '', kind: 'new', tries: 3, tags: [] });
});

test('a variant is found by the value that is there', () => {
  const [card, cash] = [
    { type: 'object', properties: { by: { const: 'card' } }, required: ['by'] },
    { type: 'object', properties: { by: { const: 'cash' } }, required: ['by'] },
  ];
  expect(fits({ by: 'cash' }, card, {})).toBe(false);
  expect(fits({ by: 'cash' }, cash, {})).toBe(true);
  expect(fits(null, { type: 'null' }, {})).toBe(true);
});
