import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definitionBrand } from './definition.ts';
import { isTask, task } from './task.ts';

const refused = (message: RegExp, code = 'OPTION_INVALID'): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('task', () => {
  test('makes a frozen definition that another copy of the package knows by its brand', () => {
    const fn = async (): Promise<number> => 1;
    const definition = task(fn);
    expect(definition).toMatchObject({
      [Symbol.for('tutti.definition')]: 'task',
      name: undefined,
      timeoutMs: undefined,
      fn,
    });
    expect(Object.isFrozen(definition)).toBe(true);
    expect(isTask({ [definitionBrand]: 'task' })).toBe(true);
    for (const other of [undefined, null, fn, {}, 'task', { [definitionBrand]: 'later kind' }])
      expect(isTask(other)).toBe(false);
  });

  test('reads its options: durations become milliseconds', () => {
    const schema = z.string();
    const definition = task(
      {
        name: 'a.b',
        input: schema,
        retry: { attempts: 3, first: '2 s', factor: 1.5, max: '1 min' },
        timeout: '5 min',
        priority: -2,
        location: 'eu/zone-1',
      },
      async (_ctx, text) => text,
    );
    expect(definition).toMatchObject({
      name: 'a.b',
      schema,
      retry: { attempts: 3, firstMs: 2_000, factor: 1.5, maxMs: 60_000 },
      timeoutMs: 300_000,
      priority: -2,
      location: 'eu/zone-1',
    });
  });

  test.each([
    [{ retries: 3 }, /options\.retries \(3\) is not an option; there are name, input, retry/],
    [{ retry: { times: 3 } }, /retry\.times/],
    [{ retry: 5 }, /retry \(5\) is not an object/],
    [{ retry: { attempts: 0 } }, /retry\.attempts \(0\) is not an integer from 1/],
    [{ retry: { attempts: 1.5 } }, /retry\.attempts/],
    [{ retry: { factor: 0.5 } }, /retry\.factor/],
    [{ retry: { factor: Number.NaN } }, /retry\.factor/],
    [{ priority: '1' }, /priority \("1"\) is not an integer/],
    [{ priority: 5_000 }, /priority/],
    [{ location: 'eu//zone' }, /location \("eu\/\/zone"\) is no place/],
    [{ location: 5 }, /location \(5\) is no place/],
    [{ timeout: 0 }, /timeout \(0\) leaves no time/],
    [{ timeout: true }, /timeout \(true\)/],
    [{ name: '' }, /name \(""\) is empty/],
    [{ name: 'a b' }, /characters other than/],
    [{ name: 'ä' }, /characters other than/],
    [{ name: 'x'.repeat(201) }, /has 201 characters; 200 are allowed/],
    [{ name: 5 }, /name \(5\) is not text/],
    [{ input: { type: 'string' } }, /input \(an object\) is not a schema/],
    [null, /options \(null\) is not an object/],
  ])('refuses %j when it is defined', (options, message) => {
    expect(() => task(options as never, async () => 1)).toThrow(refused(message));
  });

  test('refuses bad durations by their option, and what is no function', () => {
    expect(() => task({ timeout: '5 lightyears' as never }, async () => 1)).toThrow(
      refused(/^timeout: "5 lightyears"/, 'DURATION_INVALID'),
    );
    expect(() => task({ retry: { max: -1 } }, async () => 1)).toThrow(refused(/^retry\.max/, 'DURATION_INVALID'));
    expect(() => task({ name: 'x' } as never)).toThrow(refused(/fn \(undefined\) is not a function/));
    expect(() => task({}, 'run' as never)).toThrow(refused(/fn \("run"\) is not a function/));
  });
});
