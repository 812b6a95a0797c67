/**
 * Clients and nodes of each version of the protocol that is still spoken, as they were recorded, against those of now. A new version
 * gets a recording of its own: `TUTTI_RECORD=1 npx vitest run test/gateway/recorded-frames.test.ts`; older ones stay as they are.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { protocolVersion, protocolVersionFloor } from '../../src/protocol/protocol-version.ts';
import {
  decodeClientFrame,
  decodeNodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
  type Reply,
} from '../../src/protocol/wire.ts';
import { decodeError, decodeValue } from '../../src/values/codec.ts';
import { hashOfTaskId, mintTaskId, taskIdRandomBytes } from '../../src/values/task-id.ts';
import type * as app from './gateway-app.fixture.ts';
import { openTestGateway, type TestGateway } from './gateway-node.fixture.ts';
import { playClient, playNode, type Recorded, readFrames, recording, writeFrames } from './recorded-frames.fixture.ts';

const versions = Array.from({ length: protocolVersion - protocolVersionFloor + 1 }, (_, n) => protocolVersionFloor + n);
const fileOf = (version: number): URL => new URL(`./testdata/frames-v${version}.txt`, import.meta.url);
const root = join(import.meta.dirname, '../..');
const otherNode = 'http://127.0.0.1:1';

let gateway: TestGateway;
beforeAll(async () => {
  if (process.env['TUTTI_RECORD'] !== undefined) await record();
  gateway = await openTestGateway();
});
afterAll(() => gateway.close());

/** Asks everything that can be asked. What it is told is looked at by `isRight`. */
const session = async (url: string, quiet: () => Promise<void>) => {
  const client = connect<typeof app>(url);
  const { tasks } = client;
  const echoed = await tasks.echo.run({ at: new Date(0), big: [1n, undefined] });
  const refused: unknown = await tasks.refuses.run().catch((error: unknown) => error);
  const { id } = await tasks.waits.start(undefined, { key: 'recorded' });
  const events = client.follow(id);
  const seen = [];
  for (let event = await events.next(); ; event = await events.next()) {
    seen.push(event.value);
    if (event.value.type === 'state' && event.value.state === 'waiting') break;
  }
  const page = await client.list({ name: 'waits' });
  const status = await client.status(id);
  const detail = await client.detail(id);
  const lines = await client.logs(id);
  const catalogue = await client.app();
  const overview = await client.overview();
  for await (const _ of client.watchTasks({ name: 'waits' })) break;
  for await (const _ of client.watchOverview()) break;
  await quiet();
  await client.cancel(id);
  for await (const event of events) seen.push(event);
  const result: unknown = await client.result(id).catch((error: unknown) => error);
  await client.retry(id);
  await client.cancel(id);
  const { addresses } = client;
  await client.close();
  return { id, echoed, refused, seen, page, status, detail, lines, catalogue, overview, result, addresses };
};

const isRight = (told: Awaited<ReturnType<typeof session>>): void => {
  expect(told).toMatchObject({
    echoed: { at: new Date(0), big: [1n, undefined] },
    refused: { code: 'TASK_FAILED', outcome: 'failed', cause: { message: 'no such account' } },
    page: { tasks: [{ id: told.id, name: 'waits', state: 'waiting', key: 'recorded' }] },
    status: { id: told.id, state: 'waiting' },
    detail: { status: { id: told.id } },
    lines: [{ message: 'before the sleep' }],
    overview: { time: expect.any(Date) },
    result: { code: 'TASK_CANCELLED' },
  });
  expect(told.catalogue.tasks.map(({ name }) => name)).toContain('billing.invoice');
  expect(told.seen.at(-1)).toMatchObject({ type: 'finished', ok: false, error: { code: 'TASK_CANCELLED' } });
  expect(told.addresses).toContain('ws://127.0.0.1:1/v1/connect');
};

const record = async (): Promise<void> => {
  const frames: Recorded[] = [];
  const { url, node, close } = await openTestGateway();
  const way = await recording(url, frames);
  const backend = await node.backend();
  const hasPonged = (): boolean =>
    frames.some(
      ({ from, frame }) => from === 'node' && decodeNodeFrame(frame).some(([kind]) => kind === fromNode.pong),
    );
  isRight(
    await session(way.url, async () => {
      backend.setAddresses([otherNode]);
      await vi.waitUntil(hasPonged, { timeout: 10_000 });
    }),
  );
  await way.close();
  await close();
  // Stacks tell where this repository lies.
  const masked = new Map([[root, root.replace(/[^/]/g, 'x')]]);
  writeFrames(fileOf(protocolVersion), frames.map(replacing(masked)));
};

test('every version that is spoken has its recording, with every kind of message from a client', () => {
  for (const version of versions) {
    expect(existsSync(fileOf(version))).toBe(true);
    const kinds = readFrames(fileOf(version)).flatMap(({ from, frame }) =>
      from === 'client' ? decodeClientFrame(frame).map(([kind]) => kind) : [],
    );
    expect(new Set(kinds)).toEqual(new Set(Object.values(fromClient)));
  }
});

describe.each(versions)('version %i', (version) => {
  let frames: Recorded[];
  beforeAll(() => {
    frames = readFrames(fileOf(version));
  });

  test('a client of then gets from a node of now what it knows how to read', async () => {
    const told = await playClient(gateway.url, frames.map(withNewIds(frames)));
    const [then, now] = [messagesOfNode(frames), told].map(repliesByNumber) as [Map<number, Reply>, Map<number, Reply>];
    expect(then.size).toBeGreaterThan(10);
    for (const [number, [, , ok, text]] of then) {
      const reply = now.get(number) as Reply;
      expect([number, ok]).toEqual([number, reply[2]]);
      if (ok === 1) expect(lacking(decodeValue(text), decodeValue(reply[3]), `answer ${number}`)).toEqual([]);
      else expect(decodeError(reply[3])).toMatchObject({ code: (decodeError(text) as { code?: string }).code });
    }
    const welcome = told.find(([kind]) => kind === fromNode.welcome);
    expect(welcome?.[1]).toBe(version);
    expect(told.some(([kind]) => kind === fromNode.pong)).toBe(true);
    expect(gateway.reports).toEqual([]);
  });

  test('a client of now understands a node of then', async () => {
    const node = await playNode(frames);
    isRight(await session(node.url, async () => undefined));
    await node.close();
  });
});

const messagesOfNode = (frames: readonly Recorded[]): NodeMessage[] =>
  frames.flatMap(({ from, frame }) => (from === 'node' ? decodeNodeFrame(frame) : []));

const repliesByNumber = (messages: readonly NodeMessage[]): Map<number, Reply> =>
  new Map(messages.flatMap((message) => (message[0] === fromNode.reply ? [[message[1], message]] : [])));

/** Ids of tasks have the time in them when they were made, and old ones are refused: the others put in their place are as long. */
const withNewIds = (frames: readonly Recorded[]): ((recorded: Recorded) => Recorded) => {
  const newIds = new Map<string, string>();
  for (const { from, frame } of frames)
    for (const message of from === 'client' ? decodeClientFrame(frame) : [])
      if (message[0] === fromClient.request && message[3] === 'start') {
        const old = message[4] as string;
        const random = crypto.getRandomValues(new Uint8Array(taskIdRandomBytes));
        newIds.set(old, mintTaskId(hashOfTaskId(old), Date.now(), random));
      }
  return replacing(newIds);
};

/** Puts other texts, as long as they were, in the place of these. */
const replacing =
  (texts: ReadonlyMap<string, string>) =>
  ({ from, frame }: Recorded): Recorded => {
    let bytes = Buffer.from(frame).toString('latin1');
    for (const [old, text] of texts) bytes = bytes.replaceAll(old, text);
    return { from, frame: Buffer.from(bytes, 'latin1') };
  };

/** Where a value of now has not what the one of then has: a field, or one of the same kind. */
const lacking = (then: unknown, now: unknown, path: string): string[] => {
  if (kindOf(then) !== kindOf(now)) return [`${path}: ${kindOf(then)}, now ${kindOf(now)}`];
  if (Array.isArray(then)) {
    const [[first], [firstNow]] = [then, now as unknown[]];
    return first === undefined || firstNow === undefined ? [] : lacking(first, firstNow, `${path}[0]`);
  }
  if (kindOf(then) !== 'Object') return [];
  return Object.entries(then as object).flatMap(([name, value]) =>
    lacking(value, (now as Record<string, unknown>)[name], `${path}.${name}`),
  );
};

const kindOf = (value: unknown): string =>
  value === null || value === undefined ? String(value) : (Object.getPrototypeOf(value) as object).constructor.name;
