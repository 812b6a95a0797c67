import { describe, expect, test } from 'vitest';
import type { AppendResult, Log, LogRecord } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import { newClusterMap } from './cluster-map.ts';
import { MapLog } from './map-log.ts';

const mapOf = (version: number, clusterId = 'c') => ({
  ...newClusterMap(clusterId, 1, { partitions: 1, standbys: 1, movesMax: 1 }),
  version,
});

/** A log in memory that answers as it is told. */
class TestLog implements Log {
  readonly shared = true;
  records: Uint8Array[] = [];
  first = 1;
  /** What becomes of appends: they land and are answered, land without answer, or are refused. */
  next: 'lands' | 'unknown' | 'refused' = 'lands';

  async append(bytes: Uint8Array, after: number): Promise<AppendResult> {
    if (this.next === 'refused' || after !== this.first + this.records.length - 1) return { kind: 'occupied' };
    this.records.push(bytes);
    return this.next === 'lands' ? { kind: 'appended', position: after + 1 } : { kind: 'unknown' };
  }

  async read(from: number): Promise<readonly LogRecord[]> {
    if (from < this.first) throw new TuttiError('LOG_TRIMMED', `The log begins at ${this.first}.`);
    return this.records.slice(from - this.first).map((bytes, at) => ({ position: from + at, bytes }));
  }

  async end(): Promise<number> {
    return this.first + this.records.length - 1;
  }

  async start(): Promise<number> {
    return this.first;
  }

  async trim(upTo: number): Promise<void> {
    this.records = this.records.slice(upTo - this.first);
    this.first = upTo;
  }
}

describe('the log of maps', () => {
  test('holds no map at first, then the newest one appended', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    expect(await maps.read()).toBeUndefined();
    await maps.append(mapOf(1));
    expect(await maps.read()).toEqual(mapOf(1));
    expect(await new MapLog(log, 4).read()).toEqual(mapOf(1));
  });

  test('takes one of two that follow the same version, and tells neither which', async () => {
    const log = new TestLog();
    const [one, other] = [new MapLog(log, 4), new MapLog(log, 4)];
    await one.append(mapOf(1));
    await Promise.all([one.read(), other.read()]);
    await Promise.all([one.append(mapOf(2, 'one')), other.append(mapOf(2, 'other'))]);
    expect(await one.read()).toEqual(mapOf(2, 'one'));
    expect(await other.read()).toEqual(mapOf(2, 'one'));
  });

  test('shows an append that was not answered, and nothing of one that was refused', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    log.next = 'unknown';
    await maps.append(mapOf(1));
    expect(await maps.read()).toEqual(mapOf(1));
    log.next = 'refused';
    await maps.append(mapOf(2));
    expect(await maps.read()).toEqual(mapOf(1));
  });

  test('is read though others trim it again and again while that goes on', async () => {
    const log = new TestLog();
    const writer = new MapLog(log, 1);
    for (const version of [1, 2, 3]) {
      await writer.append(mapOf(version));
      await writer.read();
    }
    const start = log.start.bind(log);
    let trims = 2;
    log.start = async () => {
      const first = await start();
      if (trims-- > 0) {
        await writer.read();
        await writer.append(mapOf(first + 1));
      }
      return first;
    };
    expect(await new MapLog(log, 1).read()).toEqual(mapOf(5));
  });

  test('keeps a few versions, and one who knows an older one finds the newest all the same', async () => {
    const log = new TestLog();
    const [writer, reader] = [new MapLog(log, 4), new MapLog(log, 4)];
    await writer.append(mapOf(1));
    await reader.read();
    for (let version = 2; version <= 20; version++) {
      await writer.read();
      await writer.append(mapOf(version));
    }
    expect(log.records.length).toBe(4);
    expect(await reader.read()).toEqual(mapOf(20));
  });

  test('that holds something else where the newest one known stood is read anew', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    await maps.append(mapOf(1));
    await maps.read();
    log.records = [];
    await new MapLog(log, 4).append(mapOf(1, 'made anew'));
    expect(await maps.read()).toEqual(mapOf(1, 'made anew'));
  });

  test('that ends before the newest one read shows what it holds, and takes the next one there', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    for (let version = 1; version <= 3; version++) {
      await maps.append(mapOf(version));
      await maps.read();
    }
    log.records.length = 1;
    expect(await maps.read()).toEqual(mapOf(1));
    expect(await maps.append(mapOf(3))).toEqual({ kind: 'appended', position: 2 });
    expect(await maps.read()).toEqual(mapOf(3));
    log.records = [];
    expect(await maps.read()).toBeUndefined();
  });

  test('is asked once where nothing has changed since, and shows what was changed', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    await maps.append(mapOf(1));
    const first = await maps.read();
    const read = log.read.bind(log);
    let reads = 0;
    log.read = async (from) => {
      reads++;
      return read(from);
    };
    expect(first).toEqual(mapOf(1));
    expect(await maps.read()).toBe(first);
    expect(reads).toBe(1);
    await maps.append(mapOf(2));
    expect(await maps.read()).toEqual(mapOf(2));
  });

  test('that only seems to end earlier shows what was read before', async () => {
    const log = new TestLog();
    const maps = new MapLog(log, 4);
    for (let version = 1; version <= 3; version++) {
      await maps.append(mapOf(version));
      await maps.read();
    }
    log.read = async () => [];
    expect(await maps.read()).toEqual(mapOf(3));
  });
});
