/** What the NATS engine does with large things, broken connections and damage, on one server. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NatsEngine } from '../../src/engine/nats/connect.ts';
import { Link } from '../../src/engine/nats/link.ts';
import { NatsLog } from '../../src/engine/nats/nats-log.ts';
import { limits } from '../../src/limits.ts';
import { nodeEnv } from '../../src/platform/node.ts';
import { type NatsCluster, startNatsCluster } from '../../tools/nats-cluster.ts';
import { connectTo, recordOf } from './engine.ts';

let servers: NatsCluster;
let engine: NatsEngine;
let raw: NatsConnection;

beforeAll(async () => {
  servers = await startNatsCluster({ servers: 1 });
  engine = await connectTo(servers);
  raw = await connect({ servers: [...servers.urls], maxReconnectAttempts: -1, reconnectTimeWait: 50 });
});
afterAll(async () => {
  await raw?.close();
  await engine?.close();
  await servers?.close();
});

const api = async (request: string, body: unknown): Promise<Record<string, unknown>> =>
  (await raw.request(`$JS.API.${request}`, JSON.stringify(body))).json();

/** Bytes that are different everywhere. */
const filled = (size: number): Uint8Array => {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let index = 0; index < words.length; index++) words[index] = Math.imul(index, 2_654_435_761);
  return new Uint8Array(words.buffer, 0, size);
};

test('messages of a bus that are longer than NATS sends at once arrive whole, to one responder of several, and back', async () => {
  const { bus } = engine;
  const other = await connectTo(servers);
  const long = filled(25_000_000);
  const heard = new Promise<Uint8Array>((resolve) => void other.bus.subscribe('news', resolve));
  let asked = 0;
  for (const at of [engine, other, other])
    at.bus.respond('echo/a.b', (bytes) => {
      asked++;
      return bytes;
    });
  // Whoever subscribed has been heard of when a request of the same connection is answered.
  expect(await other.bus.request('echo/a.b', filled(10), 5_000)).toEqual(filled(10));
  bus.publish('news', long);
  expect(Buffer.compare(await heard, long)).toBe(0);
  expect(Buffer.compare(await bus.request('echo/a.b', long, 20_000), long)).toBe(0);
  expect(asked).toBe(2);
  await other.close();
});

test('two clusters on the same servers hear nothing of each other', async () => {
  const other = await connectTo(servers, { cluster: 'other' });
  const heard: string[] = [];
  other.bus.subscribe('news', () => void heard.push('foreign'));
  const own = new Promise<void>((resolve) => void engine.bus.subscribe('news', () => resolve()));
  await (await other.openLog('p9')).append(recordOf(1), 0);
  engine.bus.publish('news', filled(1));
  await own;
  await (await engine.openBlobs()).put('mine', filled(1));
  expect(heard).toEqual([]);
  expect(await (await other.openBlobs()).list('')).toEqual([]);
  expect(await (await engine.openLog('p9')).end()).toBe(0);
  await other.close();
});

test('a record of the largest size is taken, a larger one is a mistake of ours', async () => {
  const log = await engine.openLog('large');
  const largest = filled(limits.recordBytesMax);
  expect(await log.append(largest, 0)).toEqual({ kind: 'appended', position: 1 });
  const [record] = await log.read(1);
  expect(Buffer.compare(record?.bytes ?? filled(0), largest)).toBe(0);
  await expect(log.append(filled(limits.recordBytesMax + 1), 1)).rejects.toMatchObject({ code: 'INVARIANT' });
});

test('appends under way are unknown as soon as the connection breaks, and are in the log once when they are sent again', async () => {
  const log = await engine.openLog('broken');
  expect(await log.append(recordOf(1), 0)).toEqual({ kind: 'appended', position: 1 });
  // A large one first: all are waited for the longer.
  const records = [filled(10_000_000), recordOf(3), recordOf(4)];
  const appendAll = () => records.map((bytes, index) => log.append(bytes, index + 1));
  servers.pause(0);
  const underWay = appendAll();
  const reading = log.read(5);
  await servers.kill(0);
  // Not by a time-out.
  expect(await Promise.all(underWay)).toEqual(underWay.map(() => ({ kind: 'unknown', cause: 'lost' })));
  const again = appendAll();
  await servers.start(0);
  // Sent when the connection was there again; whatever became of the first ones, they stand once.
  await Promise.all(again);
  while ((await log.end()) < 4) await Promise.all(appendAll());
  const found = await log.read(2, 20_000_000);
  expect(found.map(({ position }) => position)).toEqual([2, 3, 4]);
  for (const [index, { bytes }] of found.entries()) expect(Buffer.compare(bytes, records[index] ?? filled(0))).toBe(0);
  expect(await reading).toEqual([]);
});

test('a clock that is set back by an hour keeps nobody from connecting again', async () => {
  const realNow = Date.now;
  try {
    Date.now = () => realNow() + 3_600_000;
    const other = await connectTo(servers);
    Date.now = realNow;
    await servers.kill(0);
    await expect.poll(() => other.connected).toBe(false);
    await servers.start(0);
    await expect.poll(() => other.connected, { timeout: 10_000 }).toBe(true);
    await other.close();
  } finally {
    Date.now = realNow;
  }
});

test('an acknowledgement counts only with the expected sequence of the right stream, and if it is of no duplicate', async () => {
  const link = new Link(await connect({ servers: [...servers.urls] }), nodeEnv().timers, undefined);
  const log = new NatsLog({ link, stream: 'S', subject: 'forged', recordBytesMax: 100 });
  const answers = [
    { stream: 'S', seq: 8 },
    { stream: 'S', seq: 6 },
    { stream: 'S', seq: 7, duplicate: true },
    { stream: 'T', seq: 7 },
    { stream: 'S', seq: 0, duplicate: true },
    { stream: 'S' },
    { stream: 'S', error: { code: 503, err_code: 10_077, description: 'maximum bytes exceeded' } },
    { error: { code: 400, err_code: 10_071, description: 'wrong last sequence: 6' } },
    { error: { code: 400, err_code: 10_164, description: 'wrong last sequence' } },
    { stream: 'S', seq: 7 },
  ];
  let next = 0;
  const expected: string[] = [];
  link.connection.subscribe('forged', {
    callback: (_error, message) => {
      expected.push(message.headers?.get('Nats-Expected-Last-Sequence') ?? '');
      message.respond(JSON.stringify(answers[next++]));
    },
  });
  const results: string[] = [];
  for (const _ of answers) results.push((await log.append(filled(1), 6)).kind);
  expect(results).toEqual([...new Array(7).fill('unknown'), 'occupied', 'occupied', 'appended']);
  expect(new Set(expected)).toEqual(new Set(['6']));
  await link.close();
});

test('what waits when the engine is closed ends', async () => {
  const own = await connectTo(servers);
  const log = await own.openLog('closed');
  servers.pause(0);
  const append = log.append(recordOf(1), 0);
  const read = log.read(1);
  const end = log.end();
  const answer = own.bus.request('nobody', filled(1), 300);
  void own.close();
  expect(await append).toEqual({ kind: 'unknown', cause: 'closed' });
  await expect(read).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(end).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(answer).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
  servers.goOn(0);
});

test('a hole in a log is damage, and what was trimmed is not', async () => {
  // As ours, but that one may remove single records of it.
  const made = { storage: 'file', discard: 'new', allow_direct: true, max_msgs_per_subject: -1 };
  await api('STREAM.CREATE.TUTTI_c_log_hole', { name: 'TUTTI_c_log_hole', subjects: ['tutti.c.log.hole'], ...made });
  const log = await engine.openLog('hole');
  for (let position = 1; position <= 6; position++) await log.append(recordOf(position), position - 1);
  await api('STREAM.MSG.DELETE.TUTTI_c_log_hole', { seq: 4 });
  const reader = await (await connectTo(servers)).openLog('hole');
  expect((await reader.read(1)).map(({ position }) => position)).toEqual([1, 2, 3]);
  await expect(reader.read(4)).rejects.toMatchObject({ code: 'LOG_DAMAGED', details: { position: 4, next: 5 } });
  await log.trim(5);
  await expect(reader.read(3)).rejects.toMatchObject({ code: 'LOG_TRIMMED', details: { start: 5 } });
  expect((await reader.read(5)).map(({ position }) => position)).toEqual([5, 6]);
});

test('a log whose stream is gone is damaged for who reads it, as for who asks for its end', async () => {
  const log = await engine.openLog('gone');
  await log.append(recordOf(1), 0);
  await api('STREAM.DELETE.TUTTI_c_log_gone', {});
  const gone = { code: 'LOG_DAMAGED', details: { stream: 'TUTTI_c_log_gone' } };
  await expect(log.read(1)).rejects.toMatchObject(gone);
  await expect(log.read(2)).rejects.toMatchObject(gone);
  await expect(log.end()).rejects.toMatchObject(gone);
});

test('a large blob is stored in pieces, given back whole, and nothing of it is left when it is removed', async () => {
  const blobs = await engine.openBlobs();
  const large = filled(40_000_003);
  await blobs.put('snapshot/1.a', large);
  await blobs.put('snapshot/1.a', large);
  expect(Buffer.compare((await blobs.get('snapshot/1.a')) ?? filled(0), large)).toBe(0);
  // Others that lost, and one that never ended.
  const codes = await Promise.all(
    [1, 2, 3].map((byte) =>
      blobs.put('raced', filled(3_000_000).fill(byte, 0, 1)).then(
        () => 'stored',
        (error: { code: string }) => error.code,
      ),
    ),
  );
  expect(codes.sort()).toEqual(['BLOB_EXISTS', 'BLOB_EXISTS', 'stored']);
  await raw.request('tutti.c.blob.c.third.unended.0', filled(10));
  await blobs.put('third', filled(1_000_000));
  for (const name of await blobs.list('')) await blobs.delete(name);
  const { state } = await api('STREAM.INFO.TUTTI_c_blobs', {});
  expect(state).toMatchObject({ messages: 0 });
});

test('a blob of which a piece is gone, or that does not match its checksum, is damaged', async () => {
  const blobs = await engine.openBlobs();
  await blobs.put('gone', filled(2_000_000));
  const [, , upload] = (await subjects('tutti.c.blob.c.gone.>'))[0]?.split('.').slice(3) ?? [];
  await api('STREAM.PURGE.TUTTI_c_blobs', { filter: `tutti.c.blob.c.gone.${upload}.2` });
  await expect(blobs.get('gone')).rejects.toMatchObject({ code: 'BLOB_DAMAGED', details: { name: 'gone' } });

  const [wrong, foreign] = [headers(), headers()];
  const manifest = { Size: '10', Sha256: '0'.repeat(64), Upload: 'x', Chunks: '0' };
  for (const [name, value] of Object.entries(manifest)) wrong.set(`Tutti-${name}`, value);
  await raw.request('tutti.c.blob.m.wrong', filled(10), { headers: wrong, timeout: 5_000 });
  await raw.request('tutti.c.blob.m.foreign', filled(10), { headers: foreign, timeout: 5_000 });
  for (const name of ['wrong', 'foreign'])
    await expect(blobs.get(name)).rejects.toMatchObject({ code: 'BLOB_DAMAGED', details: { name } });
});

test('bytes that changed on the disk of a server are never given', async () => {
  const blobs = await engine.openBlobs();
  await blobs.put('flipped', filled(100_000));
  await servers.kill(0);
  flipByteOf(Buffer.from(filled(100_000).subarray(50_000, 50_100)));
  await servers.start(0);
  // A server drops a message that does not match its own checksum, and sometimes all behind it: then nobody knows that it was there.
  const got = await blobs.get('flipped').catch((error: { code: string }) => error.code);
  expect(got === undefined || got === 'BLOB_DAMAGED').toBe(true);
});

const subjects = async (filter: string): Promise<readonly string[]> => {
  const info = (await api('STREAM.INFO.TUTTI_c_blobs', { subjects_filter: filter })) as {
    state: { subjects?: Record<string, number> };
  };
  return Object.keys(info.state.subjects ?? {}).sort();
};

/** Flips a bit of these bytes wherever the server stores them. */
const flipByteOf = (bytes: Buffer): void => {
  const { storeFolder } = servers.servers[0]?.options.server ?? { storeFolder: '' };
  for (const file of globSync('**/TUTTI_c_blobs/msgs/*.blk', { cwd: storeFolder })) {
    const where = path.join(storeFolder, file);
    const contents = readFileSync(where);
    const at = contents.indexOf(bytes);
    if (at < 0) continue;
    contents[at] = (contents[at] as number) ^ 1;
    writeFileSync(where, contents);
    return;
  }
  throw new Error('The bytes of the blob are in no file of the server.');
};

test('a question that may be asked more than once is, while nobody answers, and its first answer is the answer', async () => {
  const link = new Link(await connect({ servers: [...servers.urls] }), nodeEnv().timers, undefined);
  // `raw` may not be back since the server was killed.
  const listener = await connect({ servers: [...servers.urls] });
  let asked = 0;
  // Who is asked first is not able to answer.
  listener.subscribe('elected', { callback: (_error, message) => void (++asked === 2 && message.respond('yes')) });
  await listener.flush();
  const once = await link.ask('elected', new Uint8Array(0), 200);
  asked = 0;
  const often = await link.ask('elected', new Uint8Array(0), 60_000, { againMs: 50 });
  expect([once.kind, often.kind, asked]).toEqual(['timeout', 'answer', 2]);
  await link.close();
  await listener.close();
});
