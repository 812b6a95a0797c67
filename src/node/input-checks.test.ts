import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { nodeEnv } from '../platform/node.ts';
import { InputChecks } from './input-checks.ts';

let folder = '';
const opened: InputChecks[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-inputs-'));
});
afterEach(() => Promise.all(opened.splice(0).map((checks) => checks.close())));
afterAll(() => rm(folder, { recursive: true, force: true }));

let apps = 0;
const open = async (source: string): Promise<InputChecks> => {
  const path = join(folder, `app-${apps++}.ts`);
  await writeFile(path, source);
  const checks = new InputChecks(pathToFileURL(path).href, nodeEnv());
  opened.push(checks);
  return checks;
};

/** A schema that doubles numbers, hangs on some and refuses everything else. */
const doubling = `
  import { task } from 'tutti';
  const schema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => {
        if (value === 'loop') for (;;);
        if (value === 'exit') process.exit(3);
        if (value === 'wait') return new Promise(() => {});
        return typeof value === 'number' ? { value: value * 2 } : { issues: [{ message: 'no number', path: ['cents'] }] };
      },
    },
  };
  export const plain = task(async () => 1);
  export const checked = task({ input: schema, timeout: 5_000 }, async (ctx, cents) => cents);
`;

test('the app is described: names, what is checked, policies', async () => {
  const checks = await open(doubling);
  expect(await checks.describe()).toEqual({
    fingerprint: expect.stringMatching(/./),
    tasks: [
      { name: 'checked', checked: true, inputSchema: undefined, policy: expect.stringContaining('5000') },
      { name: 'plain', checked: false, inputSchema: undefined, policy: undefined },
    ],
  });
});

test('a schema whose library can says what it takes as JSON Schema; one that cannot be said is left out', async () => {
  const checks = await open(`
    import { task } from 'tutti';
    import { z } from '${import.meta.resolve('zod')}';
    export const pay = task({ input: z.object({ cents: z.int() }) }, async () => 1);
    export const at = task({ input: z.date() }, async () => 1);
  `);
  const { tasks } = await checks.describe();
  expect(tasks.map(({ name, checked }) => [name, checked])).toEqual([
    ['at', true],
    ['pay', true],
  ]);
  expect(tasks[0]?.inputSchema).toBeUndefined();
  expect(tasks[1]?.inputSchema).toMatchObject({ type: 'object', required: ['cents'] });
});

test('an input becomes what its schema makes of it, or is refused with the path', async () => {
  const checks = await open(doubling);
  expect(await checks.check('checked', '21')).toBe('42');
  await expect(checks.check('checked', '"x"')).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: 'input.cents: no number',
  });
  await expect(checks.check('checked', '{')).rejects.toMatchObject({
    code: 'VALUE_MALFORMED',
    message: 'input is not JSON: it ends too early',
  });
  await expect(checks.check('other', '1')).rejects.toMatchObject({ code: 'TASK_UNKNOWN' });
});

test('a schema that waits for ever is refused, and others beside it are not', async () => {
  const checks = await open(doubling);
  await checks.describe();
  const waits = expect(checks.check('checked', '"wait"')).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('gave no answer'),
  });
  expect(await checks.check('checked', '1')).toBe('2');
  await waits;
  expect(await checks.check('checked', '2')).toBe('4');
});

test.each(['loop', 'exit'])('a schema that does "%s" holds up only what waits beside it', async (what) => {
  const checks = await open(doubling);
  await checks.describe();
  await expect(checks.check('checked', `"${what}"`)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  const again = (): Promise<string> =>
    checks.check('checked', '2').catch((error: unknown) => {
      expect(error).toMatchObject({ outcome: 'rejected' });
      return again();
    });
  expect(await again()).toBe('4');
});

test('an app that cannot be loaded is told with file and line', async () => {
  const checks = await open('\nthrow new Error("no");\n');
  await expect(checks.describe()).rejects.toMatchObject({ code: 'APP_LOAD', details: { line: 2 } });
  await expect(checks.check('checked', '1')).rejects.toMatchObject({ code: 'APP_LOAD' });
});
