/** The description of the HTTP interface, looked at by a validator that is not ours. */
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { routes } from '../../src/gateway/routes.ts';
import { openTestGateway, type TestGateway, told } from './gateway-node.fixture.ts';

type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
};

let gateway: TestGateway;
let description: Description;
beforeAll(async () => {
  gateway = await openTestGateway();
  description = (await told(gateway.ask('/openapi.json'))).body as Description;
});
afterAll(() => gateway.close());

test('is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(description) as Record<string, object>);
  expect(errors).toBeUndefined();
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
});

test('names every route and every task of the app, each operation once', () => {
  for (const { path, method } of routes) expect(description.paths[path]?.[method.toLowerCase()]).toBeDefined();
  for (const { name } of gateway.backend.app.tasks)
    expect(description.paths[`/v1/tasks/${name}`]?.['post']).toBeDefined();
  const operations = Object.values(description.paths).flatMap((path) => Object.values(path));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test("holds the schemas of tasks' inputs, whose references are to themselves and not to the description around them", () => {
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema({ ...description, $id: 'description' });
  const inputOf = (name: string) => ajv.compile({ $ref: `description#/components/schemas/${name}.input` });
  const pay = inputOf('pay');
  expect([pay({ order: 'a', cents: 1 }), pay({ order: 'a', cents: 0 })]).toEqual([true, false]);
  const plant = inputOf('plant');
  expect(plant({ name: 'a', branches: [{ name: 'b', branches: [] }] })).toBe(true);
  expect(plant({ name: 'a', branches: [{ name: 1, branches: [] }] })).toBe(false);
});
