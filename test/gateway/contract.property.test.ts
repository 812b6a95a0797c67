/**
 * The HTTP interface against its own description: requests that it admits and requests that it does not, over a real node.
 *
 * - C1 No request is answered with a status that its operation does not name, and none with 500.
 * - C2 What is answered has the schema that the description gives of it.
 * - C3 A request that is refused changes nothing.
 * - C4 An input that the schema of a task admits starts it, and one that it does not admit is refused.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeValue, encodeValue } from '../../src/values/codec.ts';
import { openTestGateway, type TestGateway, told } from './gateway-node.fixture.ts';
import { arbitraryOf } from './schema-arbitrary.fixture.ts';

type Schema = Readonly<Record<string, unknown>>;
type Media = Readonly<Record<string, { readonly schema: Schema }>>;
type Parameter = { readonly name: string; readonly in: string; readonly schema: Schema };
type Operation = {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Media };
  readonly responses: Readonly<Record<string, { readonly content?: Media }>>;
};
type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

let gateway: TestGateway;
let description: Description;
/** Tasks in different states, which requests are about. */
const ids: string[] = [];
const ajv = new Ajv2020({ strict: false, validateFormats: false });
const checks = new Map<string, ValidateFunction>();

beforeAll(async () => {
  gateway = await openTestGateway();
  description = (await told(gateway.ask('/openapi.json'))).body as Description;
  ids.push(await gateway.start('echo', '1'), await gateway.start('refuses'), await gateway.start('waits'));
  const logs = await gateway.start('logs', '{"lines":3,"size":1}');
  ids.push(logs, await gateway.start('echo?delay=1h', '1'));
  await gateway.backend.wait(logs);
}, 60_000);
afterAll(async () => {
  await gateway.close();
  expect(gateway.reports).toEqual([]);
});

type Asked = {
  readonly method: string;
  readonly template: string;
  readonly operation: Operation;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

const anyText = fc.oneof(fc.string({ maxLength: 40, unit: 'grapheme' }), fc.string({ maxLength: 40, unit: 'binary' }));
const headerText = fc.string({ maxLength: 40 });

/** Waits that do not hold up the test, and delays that do not end while it looks. */
const durations: Readonly<Record<string, readonly string[]>> = {
  wait: ['1ms', '0 s', '2ms', '100000 days'],
  delay: ['0 s', '1h', '2 days', '1.5 h', '100000 days'],
};
const noDuration = anyText.filter((text) => !/^\s*\d[\d.]*\s*\D+$/.test(text));

const textFor = ({ name, in: where, schema }: Parameter): fc.Arbitrary<string> => {
  const chosen = durations[name];
  if (chosen !== undefined) return fc.oneof(fc.constantFrom(...chosen), noDuration);
  const known = where === 'path' ? [fc.constantFrom(...ids, 'echo', 'pay', 'logs')] : [];
  return fc.oneof(...known, arbitraryOf(schema).map(String), where === 'header' ? headerText : anyText);
};

/** One request to an operation: parameters that are there or not, and a body that is right, JSON, or neither. */
const requestTo = (template: string, method: string, operation: Operation): fc.Arbitrary<Asked> => {
  const parameters = operation.parameters ?? [];
  const drawn = fc.record(Object.fromEntries(parameters.map((of) => [of.name, textFor(of)])), {
    requiredKeys: parameters.filter((of) => of.in === 'path').map(({ name }) => name),
  });
  const schema = operation.requestBody?.content['application/json']?.schema;
  const inputs = schema === undefined ? [] : [arbitraryOf(resolved(schema)).map((value) => JSON.stringify(value))];
  const body =
    method === 'get' || method === 'delete'
      ? fc.constant(undefined)
      : fc.oneof(...inputs, fc.json(), anyText, fc.constant(undefined));
  const stray = fc.option(fc.tuple(fc.stringMatching(/^[a-z]{1,8}$/), anyText), { freq: 9, nil: undefined });
  return fc.record({ values: drawn, body, stray }).map(({ values, body: text, stray: extra }) => {
    let path = template;
    const query = new URLSearchParams(extra === undefined ? [] : [extra]);
    const headers: Record<string, string> = {};
    for (const { name, in: where } of parameters) {
      const value = values[name];
      if (value === undefined) continue;
      if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value.toWellFormed()) || '%00');
      else if (where === 'query') query.set(name, value);
      else headers[name] = value;
    }
    const search = query.size === 0 ? '' : `?${query}`;
    return { method: method.toUpperCase(), template, operation, path: path + search, headers, body: text };
  });
};

const resolved = (schema: Schema): Schema => {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? (description.components.schemas[ref.split('/').at(-1) as string] as Schema) : schema;
};

const ask = async ({ method, path, headers, body }: Asked): Promise<Response> =>
  gateway.ask(path, { method, headers, ...(body === undefined ? {} : { body: body.toWellFormed() }) });

/** What can be seen of all tasks, once nothing moves. */
const settled = async (): Promise<string> => {
  let last = '';
  await expect
    .poll(async () => {
      const tasks = await gateway.node.list({ limit: 1_000 });
      last = JSON.stringify(tasks.map(({ id, state, attempts, steps }) => [id, state, attempts, steps]));
      return tasks.some(({ state }) => state === 'queued' || state === 'running');
    })
    .toBe(false);
  return last;
};

const conforms = (schema: Schema, value: unknown): void => {
  const key = JSON.stringify(schema);
  const check = checks.get(key) ?? ajv.compile(withDefinitions(schema));
  checks.set(key, check);
  expect(check(value), `${JSON.stringify(value)} ${ajv.errorsText(check.errors)}`).toBe(true);
};

/** A schema of an answer, with the one that it may refer to. */
const withDefinitions = (schema: Schema): Schema => ({
  components: { schemas: { Problem: description.components.schemas['Problem'] } },
  ...schema,
});

const operations = (): (readonly [string, string, Operation])[] =>
  Object.entries(description.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => [template, method, operation] as const),
  );

test('any request is answered as the description says; one that is refused changes nothing (C1, C2, C3)', async () => {
  const requests = fc.oneof(...operations().map((of) => requestTo(...of)));
  let before = await settled();
  await fc.assert(
    fc.asyncProperty(requests, async (asked) => {
      const response = await ask(asked);
      const { status } = response;
      expect(status).not.toBe(500);
      const answer = asked.operation.responses[status];
      expect(answer, `${asked.operation.operationId} does not name ${status}`).toBeDefined();
      const type = response.headers.get('content-type')?.split(';')[0] ?? '';
      if (type === 'text/event-stream') await response.body?.cancel();
      else {
        const text = await response.text();
        const media = answer?.content?.[type];
        expect(media === undefined, `${asked.operation.operationId} answers ${type || 'nothing'}`).toBe(text === '');
        if (media !== undefined && type.endsWith('json')) conforms(media.schema, JSON.parse(text));
      }
      const after = await settled();
      if (status >= 400 && status !== 424) expect(after).toBe(before);
      before = after;
    }),
    { numRuns: 400 },
  );
}, 120_000);

describe('inputs (C4)', () => {
  test('what the schema of a task admits starts it', async () => {
    const schema = description.components.schemas['pay.input'] as Schema;
    await fc.assert(
      fc.asyncProperty(arbitraryOf(schema), async (input) => {
        const { order, cents } = input as { order: string; cents: number };
        const init = { method: 'POST', body: encodeValue(input) };
        expect(await told(gateway.ask('/v1/tasks/pay?wait=30s', init))).toEqual({
          status: 200,
          body: `${order}: ${cents}`,
        });
      }),
      { numRuns: 50 },
    );
  });

  test('what it does not admit is refused', async () => {
    const admits = ajv.compile({ ...description.components.schemas['pay.input'], $id: 'pay' });
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (input) => {
        fc.pre(!admits(input));
        const { status } = await told(gateway.ask('/v1/tasks/pay', { method: 'POST', body: encodeValue(input) }));
        expect(status).toBe(422);
      }),
      { numRuns: 100 },
    );
  });

  test('values come back as they were sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = encodeValue(value);
        const response = await gateway.ask('/v1/tasks/echo?wait=30s', { method: 'POST', body: text });
        expect(decodeValue(await response.text())).toEqual(decodeValue(text));
      }),
      { numRuns: 50 },
    );
  });
});
