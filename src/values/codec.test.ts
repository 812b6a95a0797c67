import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { TuttiError } from '../errors/tutti-error.ts';
import * as valueLimits from '../value-limits.ts';
import { decodeError, decodeValue, encodeError, encodeValue } from './codec.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value));

describe('the JSON form', () => {
  // What is stored is read for ever: a change here breaks stored data and needs a new tag.
  test.each([
    [{ a: [1, 'x', null, true] }, '{"a":[1,"x",null,true]}'],
    [undefined, '{"$undefined":true}'],
    [{ a: undefined }, '{"a":{"$undefined":true}}'],
    [Number.NaN, '{"$number":"NaN"}'],
    [Number.POSITIVE_INFINITY, '{"$number":"Infinity"}'],
    [Number.NEGATIVE_INFINITY, '{"$number":"-Infinity"}'],
    [-0, '{"$number":"-0"}'],
    [12345678901234567890n, '{"$bigint":"12345678901234567890"}'],
    [new Date(0), '{"$date":"1970-01-01T00:00:00.000Z"}'],
    [new Date(8.64e15), '{"$date":"+275760-09-13T00:00:00.000Z"}'],
    [new Map<unknown, unknown>([['k', 1n]]), '{"$map":[["k",{"$bigint":"1"}]]}'],
    [new Set([1, 'a']), '{"$set":[1,"a"]}'],
    [new Uint8Array([104, 105]), '{"$bytes":"aGk="}'],
    [new Int16Array([1, -1]), '{"$bytes":["Int16Array","AQD//w=="]}'],
    [new Uint8Array([1]).buffer, '{"$bytes":["ArrayBuffer","AQ=="]}'],
    [new DataView(new Uint8Array([1, 2, 3]).buffer, 1), '{"$bytes":["DataView","AgM="]}'],
    [/a\/b/gi, '{"$regexp":["a\\\\/b","gi"]}'],
    [new URL('https://example.org/x?y=1'), '{"$url":"https://example.org/x?y=1"}'],
    [{ $date: 1 }, '{"$object":{"$date":1}}'],
    [{ $a: { $b: {} } }, '{"$object":{"$a":{"$object":{"$b":{}}}}}'],
    [{ $date: 1, other: 2 }, '{"$date":1,"other":2}'],
    ['\ud800', '"\\ud800"'],
  ])('of %o is %s', (value, text) => {
    expect(encodeValue(value)).toBe(text);
    expect(decodeValue(text)).toEqual(value);
    expect(encodeValue(decodeValue(text))).toBe(text);
  });

  test('of an error holds name, message, stack, cause and fields', () => {
    const error = Object.assign(new RangeError('far', { cause: new Error('near') }), { limit: 5n });
    error.stack = 'RangeError: far\n    at here';
    (error.cause as Error).stack = 'Error: near';
    const text =
      '{"$error":{"name":"RangeError","message":"far","stack":"RangeError: far\\n    at here",' +
      '"cause":{"$error":{"name":"Error","message":"near","stack":"Error: near"}},"fields":{"limit":{"$bigint":"5"}}}}';
    expect(encodeValue(error)).toBe(text);
    expect(encodeValue(decodeValue(text))).toBe(text);
  });

  test('may be written by hand: a date without time or with an offset, a tag with an escaped dollar sign', () => {
    expect(decodeValue('{"$date":"2026-11-01"}')).toEqual(new Date('2026-11-01'));
    expect(decodeValue('{"$date":"2026-11-01T12:00+02:00"}')).toEqual(new Date('2026-11-01T10:00:00Z'));
    expect(decodeValue('{"\\u0024bigint":"7"}')).toBe(7n);
  });

  test('of bytes is the same where there is no Buffer', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index * 7);
    const text = encodeValue(bytes);
    vi.stubGlobal('Buffer', undefined);
    expect(encodeValue(bytes)).toBe(text);
    expect(decodeValue(text)).toEqual(bytes);
  });
});

describe('the value codec', () => {
  test('keeps an own key called __proto__ and does not touch prototypes', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"when":0,"in":{"__proto__":[]}}') as Record<string, unknown>;
    value['when'] = new Date(0);
    const back = roundTrip(value) as object;
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.keys(back)).toEqual(['__proto__', 'when', 'in']);
    expect(encodeValue(back)).toBe(encodeValue(value));
    expect(encodeValue(decodeValue('{"__proto__":{"$date":"1970-01-01"}}'))).toBe(
      '{"__proto__":{"$date":"1970-01-01T00:00:00.000Z"}}',
    );
  });

  test('reads a getter once', () => {
    let reads = 0;
    const value = {
      get next() {
        return ++reads;
      },
    };
    expect(encodeValue({ value })).toBe('{"value":{"next":1}}');
    expect(reads).toBe(1);
  });

  test('says where a getter threw', () => {
    const value = {
      get broken() {
        throw new Error('no');
      },
    };
    expect(() => encodeValue({ list: [value] }, 'input')).toThrow(/input\.list\[0\] could not be read/);
  });

  test('takes an object without prototype, bytes of Node and values of another realm for what they are', () => {
    expect(roundTrip(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
    expect(roundTrip(Buffer.from('hi'))).toEqual(new Uint8Array([104, 105]));
    const foreign: unknown = runInNewContext(
      '({ list: [1, new Date(5)], map: new Map([[1, new Set([2])]]), error: new TypeError("t"), bytes: new Uint8Array([1]) })',
    );
    const back = roundTrip(foreign) as { error: Error };
    expect(back).toMatchObject({
      list: [1, new Date(5)],
      map: new Map([[1, new Set([2])]]),
      bytes: new Uint8Array([1]),
    });
    expect(back.error).toBeInstanceOf(TypeError);
    expect(() => encodeValue(runInNewContext('class Foreign {}; new Foreign()'))).toThrow(/an instance of Foreign/);
    expect(() => encodeValue(runInNewContext('class Foreign extends Array {}; new Foreign()'))).toThrow(
      /an instance of Foreign/,
    );
  });

  test('refuses holes in arrays', () => {
    // biome-ignore lint/suspicious/noSparseArray: it is what is tested
    expect(() => encodeValue({ a: [1, , 3] })).toThrow(/value\.a\[1\] is a hole/);
  });

  test('refuses a cycle and names both ends of it', () => {
    const parent: Record<string, unknown> = { name: 'p', children: [] };
    (parent['children'] as unknown[]).push({ parent });
    expect(() => encodeValue({ parent }, 'input')).toThrow(
      /^input\.parent\.children\[0\]\.parent is the same object as input\.parent \(a cycle\)/,
    );
    const map = new Map<string, unknown>();
    map.set('self', map);
    expect(() => encodeValue(map)).toThrow(/nested more than 1000 levels/);
  });

  test('takes values as deep as the limit, and no deeper', () => {
    const nest = (levels: number): unknown => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : new Map([[1, value]]);
      return value;
    };
    const deepest = nest(valueLimits.valueDepthMax + 1);
    expect(encodeValue(roundTrip(deepest))).toBe(encodeValue(deepest));
    expect(() => encodeValue(nest(valueLimits.valueDepthMax + 2))).toThrow(/levels deep/);
    expect(() => decodeValue(`${'['.repeat(5_000)}{"$undefined":true}${']'.repeat(5_000)}`)).toThrow(/levels deep/);
  });

  test('refuses what is too large, also a small web of shared objects that would unfold without end', () => {
    expect(() => encodeValue('x'.repeat(valueLimits.valueTextCharsMax))).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
    expect(() => encodeValue('\u0000'.repeat(valueLimits.valueTextCharsMax / 3))).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
    expect(() => encodeValue(new Uint8Array(valueLimits.valueTextCharsMax))).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
    expect(() => decodeValue(' '.repeat(valueLimits.valueTextCharsMax + 1))).toThrow(
      expect.objectContaining({ code: 'VALUE_TOO_LARGE' }),
    );
    let web: unknown = 'x'.repeat(1_000);
    for (let level = 0; level < 100; level++) web = [web, web];
    expect(() => encodeValue(web)).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }));
    let keyed: unknown = 1;
    for (let level = 0; level < 18; level++) keyed = [{ ['k'.repeat(4_000)]: keyed }, keyed];
    expect(() => encodeValue(keyed)).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }));
    const sparse: unknown[] = [];
    sparse[4_000_000_000] = 1;
    expect(() => encodeValue(sparse)).toThrow(expect.objectContaining({ code: 'VALUE_TOO_LARGE' }));
  });

  test('says what is no JSON in the words of the engine', () => {
    expect(() => decodeValue('{"a":x}', 'input')).toThrow(
      expect.objectContaining({
        code: 'VALUE_MALFORMED',
        message: expect.stringMatching(/^input is not JSON: ./),
        cause: expect.any(SyntaxError),
      }),
    );
  });

  test.each([
    ['{"a":[{"$nothing":1}]}', 'input.a[0]', /unknown tag "\$nothing"/],
    ['{"a":{"$date":"tomorrow"}}', 'input.a', /\$date takes/],
    ['{"a":{"$date":"2026-11-01T10:00"}}', 'input.a', /\$date takes/],
    ['{"$bigint":"0x10"}', 'input', /\$bigint takes/],
    ['{"$map":[[1,{"$set":1}]]}', 'input.get(#0)', /\$set takes/],
    ['{"$map":[[1]]}', 'input', /\$map takes/],
    ['{"$bytes":"a"}', 'input', /\$bytes takes/],
    ['{"$bytes":["Float64Array","AQ=="]}', 'input', /\$bytes takes/],
    ['{"$object":[]}', 'input', /\$object/],
    ['{"$regexp":["(",""]}', 'input', /\$regexp takes/],
    ['{"$error":{"name":"E"}}', 'input', /\$error takes/],
  ])('says where %s is no value', (text, path, complaint) => {
    expect(() => decodeValue(text, 'input')).toThrow(
      expect.objectContaining({
        code: 'VALUE_MALFORMED',
        details: expect.objectContaining({ path }),
        message: expect.stringMatching(complaint),
      }),
    );
  });
});

describe('the error codec', () => {
  test('gives a TuttiError back as one, with code, details, cause and stack', () => {
    const error = new TuttiError('TASK_FAILED', 'it threw', {
      details: { id: 'x', at: new Date(5) },
      cause: new TypeError('inner'),
    });
    const back = decodeError(encodeError(error));
    expect(back).toBeInstanceOf(TuttiError);
    expect(back).toMatchObject({
      code: 'TASK_FAILED',
      outcome: 'failed',
      retry: 'never',
      details: { id: 'x', at: new Date(5) },
      message: 'it threw',
      stack: error.stack,
    });
    expect(back.cause).toBeInstanceOf(TypeError);
  });

  test('tells an error with a code of a newer version as what that says it means, also when it is passed on', () => {
    const text =
      '{"$error":{"name":"TuttiError","message":"m","stack":"s","code":"FROM_LATER","outcome":"unknown","retry":"same-id","details":{"a":1}}}';
    const back = decodeError(text);
    expect(back).toBeInstanceOf(TuttiError);
    expect(back).toMatchObject({ code: 'FROM_LATER', outcome: 'unknown', retry: 'same-id', details: { a: 1 } });
    expect(encodeError(back)).toBe(text);
  });

  test('says what an error means only where its code does not: forms of a code stay what they were', () => {
    const later = { outcome: 'unknown', retry: 'later' } as const;
    const withoutStack = (error: TuttiError): string => encodeError(Object.assign(error, { stack: '' }));
    expect(withoutStack(new TuttiError('TASK_FAILED', 'm'))).toBe(
      '{"$error":{"name":"TuttiError","message":"m","code":"TASK_FAILED","details":{}}}',
    );
    expect(withoutStack(new TuttiError('TASK_STATE', 'm', { meaning: later }))).toBe(
      '{"$error":{"name":"TuttiError","message":"m","code":"TASK_STATE","outcome":"unknown","retry":"later","details":{}}}',
    );
  });

  test('keeps the name of a class it does not know, and the errors of an AggregateError', () => {
    class QuotaError extends Error {
      override name = 'QuotaError';
      left = 3;
    }
    const back = decodeError(encodeError(new AggregateError([new QuotaError('q'), 7], 'all'))) as AggregateError;
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors).toMatchObject([{ name: 'QuotaError', message: 'q', left: 3 }, 7]);
  });

  test('leaves out fields that cannot be stored, and keeps the others', () => {
    const error = Object.assign(new Error('e'), {
      request: new (class Socket {})(),
      retry: () => 1,
      status: 503,
      $only: 1,
    });
    const back = decodeError(encodeError(error));
    expect({ ...back }).toEqual({ status: 503, $only: 1 });
  });

  test('wraps what is no Error: the value becomes the cause', () => {
    expect(decodeError(encodeError('out'))).toMatchObject({
      message: 'Something that is no Error was thrown: out',
      cause: 'out',
    });
    expect(decodeError(encodeError({ status: 5 }))).toMatchObject({
      message: expect.stringContaining('{"status":5}'),
      cause: { status: 5 },
    });
    expect(decodeError(encodeError(undefined)).message).toContain('undefined');
    expect(decodeError(encodeError(() => 1)).message).toContain('a function');
  });

  test('is bounded for an error that contains itself, a long chain of causes, huge texts and huge fields', () => {
    const loop = new Error('loop') as Error & Record<string, unknown>;
    loop.cause = loop;
    loop['self'] = { in: [loop] };
    const told = decodeError(encodeError(loop));
    expect([told.message, told.cause, { ...told }]).toEqual(['loop', undefined, {}]);

    let chain = new Error('innermost');
    for (let depth = 0; depth < 100; depth++) chain = new Error(`level ${depth}`, { cause: chain });
    let levels = 0;
    for (let error: unknown = decodeError(encodeError(chain)); error instanceof Error; error = error.cause) levels++;
    expect(levels).toBe(valueLimits.errorNestingMax + 1);

    const huge = Object.assign(new Error('m'.repeat(1e6)), { body: 'b'.repeat(5e6), status: 500 });
    huge.stack = 's'.repeat(1e6);
    const back = decodeError(encodeError(huge)) as Error & Record<string, unknown>;
    expect(encodeError(huge).length).toBeLessThan(40_000);
    expect(back['status']).toBe(500);
    expect(back['body']).toBeUndefined();

    let web: Error = new Error('leaf');
    for (let level = 0; level < 40; level++) web = new AggregateError([web, web, web], `level ${level}`);
    expect(encodeError(web).length).toBeLessThan(4 * valueLimits.errorsCharsMax);
  });

  test('does not let one error in a value take the room of another', () => {
    const errors = Array.from({ length: 1_000 }, (_, index) => new Error(`e${index}`));
    expect((roundTrip(errors) as Error[]).map((error) => error.message)).toEqual(errors.map((error) => error.message));
  });

  test('survives a stack and fields that throw when read', () => {
    const error = new Error('m');
    Object.defineProperty(error, 'stack', {
      get() {
        throw new Error('prepareStackTrace');
      },
    });
    Object.defineProperty(error, 'field', {
      enumerable: true,
      get() {
        throw new Error('field');
      },
    });
    expect(decodeError(encodeError(error)).message).toBe('m');
    expect(
      decodeError(
        encodeError(
          new Proxy(new Error('p'), {
            get: () => {
              throw new Error('trap');
            },
          }),
        ),
      ),
    ).toBeInstanceOf(Error);
  });
});
