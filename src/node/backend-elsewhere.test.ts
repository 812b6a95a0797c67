/** A node whose app lacks a task, beside one that has it: both as gateways see them, over clients that note what was started. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SpecOutcome } from '../cluster/specs-elsewhere.ts';
import { nodeEnv } from '../platform/node.ts';
import { NodeBackend } from './backend.ts';
import type { LocalClient, StartSpec } from './local-client.ts';

const id = '0000000000000000000000000A';
const policy = '[2,1000,2,300000,0,0]';

let folder = '';
let newer: NodeBackend;
let older: NodeBackend;
let alone: NodeBackend;
let started: StartSpec[] = [];
/** What the others say. */
let outcome: (name: string, input: string) => Promise<SpecOutcome>;

const client = {
  hasRoom: true,
  start: async (spec: StartSpec) => {
    started.push(spec);
    return spec.id ?? 'minted';
  },
  run: async (spec: StartSpec) => {
    started.push(spec);
    return '1';
  },
  status: async (asked: string) => (asked === id ? { id, name: 'half' } : undefined),
} as unknown as LocalClient;

const noOverview = () => Promise.reject(new Error('No overview.'));

const open = async (name: string, code: string, asks: boolean): Promise<NodeBackend> => {
  const module = join(folder, `${name}.ts`);
  await writeFile(module, `import { task } from 'tutti';\n${code}`);
  const elsewhere = asks
    ? (question: { name: string; input: string }) => outcome(question.name, question.input)
    : undefined;
  return NodeBackend.open(client, module, nodeEnv(), noOverview, elsewhere);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-elsewhere-'));
  const echo = 'export const echo = task(async (ctx, value) => value);';
  const half = `const even = { '~standard': { version: 1, vendor: 'test', validate: (value) =>
      value % 2 === 0 ? { value: value / 2 } : { issues: [{ message: 'odd' }] } } };
    export const half = task({ input: even, retry: { attempts: 2 } }, async (ctx, value) => value);`;
  newer = await open('newer', `${echo}\n${half}\nexport const plain = task(async () => 1);`, false);
  older = await open('older', echo, true);
  alone = await open('alone', echo, false);
});
afterAll(async () => {
  for (const each of [newer, older, alone]) await each.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  started = [];
  outcome = async (name, input) => {
    const answer = await newer.specFor({ name, input });
    return answer.kind === 'cannot' ? { kind: 'none', silent: [], names: ['echo'] } : answer;
  };
});

const request = { id: undefined, key: undefined, delayMs: 0 };

test('it is started with the policy and the input as who has it says, under its id and key', async () => {
  const half = { ...request, name: 'half', input: ' 84 ' };
  expect(await older.start({ ...half, id, key: 'k', delayMs: 5 })).toBe(id);
  expect(await older.run(half)).toBe('1');
  const spec = { name: 'half', input: '42', policy, impatient: true };
  expect(started).toEqual([
    { ...spec, id, key: 'k', delayMs: 5 },
    { ...spec, id: undefined, key: undefined, delayMs: 0 },
  ]);
  await older.start({ ...request, name: 'plain', input: 'null' });
  expect(started[2]).toMatchObject({ name: 'plain', input: 'null', policy: undefined });
});

test('what its schema refuses is refused as it would be there, and what is no value or cannot be is not even asked', async () => {
  await expect(older.start({ ...request, name: 'half', input: '3' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: 'input: odd',
    details: { issues: [{ path: 'input', message: 'odd' }] },
  });
  outcome = () => Promise.reject(new Error('It was asked.'));
  const refused = (change: object) => older.start({ ...request, name: 'half', input: '4', ...change });
  await expect(refused({ input: '{' })).rejects.toMatchObject({ code: 'VALUE_MALFORMED' });
  await expect(refused({ key: '' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(refused({ delayMs: -1 })).rejects.toMatchObject({ code: 'DURATION_INVALID' });
  expect(started).toEqual([]);
});

test('what it has itself it asks nobody for, and a node alone asks nobody', async () => {
  outcome = () => Promise.reject(new Error('It was asked.'));
  expect(await older.start({ ...request, name: 'echo', input: '1' })).toBe('minted');
  await expect(alone.start({ ...request, id, name: 'half', input: '4' })).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
    message: 'The app has no task half. It has: echo.',
  });
});

test('where nobody has it, or who has it gave no answer, it says so and starts nothing', async () => {
  const other = { ...request, name: 'other', input: '1' };
  await expect(older.start(other)).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
    message:
      "This node's app has no task other, and no other node that is connected has it. This node's app has: echo.",
    details: { name: 'other', names: ['echo'] },
  });
  outcome = async () => ({ kind: 'none', silent: [], names: ['another', 'echo', 'half'] });
  await expect(older.start(other)).rejects.toMatchObject({
    code: 'TASK_UNKNOWN',
    message: expect.stringMatching(/This node's app has: echo\. Others have: another, half\.$/),
    details: { names: ['echo', 'another', 'half'] },
  });
  outcome = async () => ({ kind: 'none', silent: ['n2', 'n3'], names: ['other'] });
  await expect(older.run(other)).rejects.toMatchObject({
    code: 'NOT_READY',
    retry: 'later',
    message:
      "This node's app has no task other; n2, n3, where it is, gave no answer within 5 s. This node's app has: echo.",
  });
  expect(started).toEqual([]);
});

test('a start that was accepted, and comes again when nobody has the task any more, attaches to what it has started', async () => {
  outcome = async () => ({ kind: 'none', silent: [], names: [] });
  expect(await older.start({ ...request, id, key: 'k', name: 'half', input: '84' })).toBe(id);
  expect(started).toMatchObject([{ id, key: undefined }]);
  for (const change of [{ name: 'other' }, { id: '0000000000000000000000000B' }])
    await expect(older.start({ ...request, id, name: 'half', input: '84', ...change })).rejects.toMatchObject({
      code: 'TASK_UNKNOWN',
    });
});

test('one that has no such task, or closes, says so of itself and refuses nothing', async () => {
  expect(await older.specFor({ name: 'half', input: '4' })).toEqual({ kind: 'cannot' });
  const module = join(folder, 'newer.ts');
  const closing = await NodeBackend.open(client, module, nodeEnv(), noOverview);
  await closing.close();
  expect(await closing.specFor({ name: 'half', input: '4' })).toEqual({ kind: 'cannot' });
});
