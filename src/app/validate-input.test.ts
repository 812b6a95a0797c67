import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { TuttiError } from '../errors/tutti-error.ts';
import type { StandardSchema } from './standard-schema.ts';
import { task } from './task.ts';
import { validateInput } from './validate-input.ts';

const withSchema = (schema: StandardSchema) => task({ input: schema }, async () => 1);
const schemaOf = (validate: StandardSchema['~standard']['validate']): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});

describe('validating an input', () => {
  test('gives what the schema makes of it, at once where the schema does', () => {
    const definition = withSchema(
      z.object({ n: z.number().default(7), when: z.string().transform((text) => new Date(text)) }),
    );
    expect(validateInput(definition, { when: '2026-11-01' })).toEqual({ n: 7, when: new Date('2026-11-01') });
  });

  test('gives the value itself where there is no schema', () => {
    const value = { any: 'thing' };
    expect(
      validateInput(
        task(async () => 1),
        value,
      ),
    ).toBe(value);
  });

  test('awaits a schema that is asynchronous', async () => {
    const definition = withSchema(z.string().refine(async (text) => text !== 'taken', 'is taken'));
    const result = validateInput(definition, 'free');
    expect(result).toBeInstanceOf(Promise);
    await expect(result).resolves.toBe('free');
    await expect(validateInput(definition, 'taken')).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: 'input: is taken',
    });
  });

  test('names every issue with its path', () => {
    const definition = withSchema(
      z.object({ items: z.array(z.object({ name: z.string(), 'unit price': z.number() })) }),
    );
    const wrong = {
      items: [
        { name: 'a', 'unit price': 1 },
        { name: 5, 'unit price': 'x' },
      ],
    };
    expect(() => validateInput(definition, wrong)).toThrow(
      expect.objectContaining({
        code: 'INPUT_INVALID',
        message: expect.stringMatching(/^input\.items\[1\]\.name: .*; input\.items\[1\]\["unit price"\]: /),
        details: {
          issues: [
            expect.objectContaining({ path: 'input.items[1].name' }),
            expect.objectContaining({ path: 'input.items[1]["unit price"]' }),
          ],
        },
      }),
    );
  });

  test('takes paths of objects, keys that are symbols, and issues without number', () => {
    const one = schemaOf(() => ({ issues: [{ message: 'bad', path: [{ key: 'a' }, Symbol('s'), 0] }] }));
    expect(() => validateInput(withSchema(one), 1)).toThrow('input.a["Symbol(s)"][0]: bad');
    const many = schemaOf(() => ({ issues: Array.from({ length: 25 }, () => ({ message: 'bad' })) }));
    expect(() => validateInput(withSchema(many), 1)).toThrow(/; and 15 more$/);
    expect(() => validateInput(withSchema(schemaOf(() => ({ issues: [] }))), 1)).toThrow(
      'input: refused by its schema',
    );
  });

  test('turns what a schema throws into INPUT_INVALID, and lets our own errors through', async () => {
    const thrower = schemaOf(() => {
      throw new TypeError('oops');
    });
    expect(() => validateInput(withSchema(thrower), 1)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', cause: new TypeError('oops') }),
    );
    await expect(
      validateInput(withSchema(schemaOf(async () => Promise.reject(new Error('later')))), 1),
    ).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    const ours = schemaOf(() => {
      throw new TuttiError('DURATION_INVALID', 'x');
    });
    expect(() => validateInput(withSchema(ours), 1)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }));
  });
});
