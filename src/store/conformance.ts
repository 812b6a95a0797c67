/**
 * What every store promises (store.ts), as tests. An implementation's own test calls `storeConformance` with a way to open it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { modelAgreement, type StoreFixture } from './model-agreement.fixture.ts';
import type { StoreEntry, StoreReader, StoreWrite, StoreWriter } from './store.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('latin1');

const put = (table: number, key: string, value: string): StoreWrite => [table, key, bytes(value)];
const remove = (table: number, key: string): StoreWrite => [table, key, undefined];

/** Both ways, which must agree. */
const scanAll = (reader: StoreReader, partition: number, table: number, from = '', to?: string): [string, string][] => {
  const entries = (scan: Iterable<StoreEntry>): [string, string][] =>
    Array.from(scan, ([key, value]) => [key, text(value)!]);
  const found = entries(reader.scan(partition, table, from, to));
  expect(entries(reader.scanDown(partition, table, from, to))).toEqual(found.toReversed());
  return found;
};

export const storeConformance = (name: string, open: () => Promise<StoreFixture>): void => {
  describe(`${name} as a store`, () => {
    let fixture: StoreFixture;
    let writer: StoreWriter;
    let reader: StoreReader;

    beforeEach(async () => {
      fixture = await open();
      writer = fixture.writer;
      reader = fixture.reader();
    });

    afterEach(async () => {
      await reader.close();
      await writer.close();
      await fixture.remove();
    });

    test('a new store has no rows and no marker', () => {
      expect(reader.get(0, 1, 'a')).toBeUndefined();
      expect(scanAll(reader, 0, 1)).toEqual([]);
      expect(reader.marker(0)).toEqual({ position: 0, note: undefined });
    });

    test('a renewed reader sees what was written, in key order, and what was deleted is gone', async () => {
      await writer.write(3, [put(1, 'b', '2'), put(1, 'a', '1'), put(1, 'c', '3'), put(2, 'b', 'other table')]);
      await writer.write(3, [remove(1, 'b'), remove(1, 'never there'), put(1, 'c', 'new')]);
      reader.renew();
      expect(scanAll(reader, 3, 1)).toEqual([
        ['a', '1'],
        ['c', 'new'],
      ]);
      expect(text(reader.get(3, 1, 'c'))).toBe('new');
      expect(reader.get(3, 1, 'b')).toBeUndefined();
      expect(scanAll(reader, 2, 1)).toEqual([]);
      expect(scanAll(reader, 3, 2)).toEqual([['b', 'other table']]);
    });

    test('the last of several changes to a key in one slice counts', async () => {
      await writer.write(0, [put(1, 'a', '1'), remove(1, 'a'), put(1, 'b', '1'), put(1, 'b', '2'), remove(1, 'c')]);
      reader.renew();
      expect(scanAll(reader, 0, 1)).toEqual([['b', '2']]);
    });

    test('an empty slice, an empty key and an empty value are written like others', async () => {
      await writer.write(0, []);
      await writer.write(0, [put(0, '', 'empty key'), put(0, 'empty value', '')]);
      reader.renew();
      expect(scanAll(reader, 0, 0)).toEqual([
        ['', 'empty key'],
        ['empty value', ''],
      ]);
      expect(reader.get(0, 0, 'empty value')).toEqual(new Uint8Array(0));
    });

    test('a scan holds keys from its start up to, and without, its end', async () => {
      await writer.write(
        0,
        ['a', 'b', 'ba', 'c', 'd'].map((key) => put(1, key, key)),
      );
      reader.renew();
      const keys = (from: string, to?: string): string[] => scanAll(reader, 0, 1, from, to).map(([key]) => key);
      expect(keys('b', 'd')).toEqual(['b', 'ba', 'c']);
      expect(keys('aa', 'bb')).toEqual(['b', 'ba']);
      expect(keys('c')).toEqual(['c', 'd']);
      expect(keys('b', 'b')).toEqual([]);
      expect(keys('d', 'b')).toEqual([]);
      expect(keys('e')).toEqual([]);
    });

    test('a scan to the end of a table does not run into the next table or partition', async () => {
      const table = 0xfffe;
      await writer.write(0, [put(table, '\xff\xff', 'last'), put(table - 1, '\xff', 'table before')]);
      await writer.write(1, [put(0, '', 'next partition')]);
      await writer.write(0xffff, [put(table, '\xff', 'last partition')]);
      await writer.mark(0, { position: 1, note: undefined });
      await writer.mark(0xffff, { position: 1, note: undefined });
      reader.renew();
      expect(scanAll(reader, 0, table)).toEqual([['\xff\xff', 'last']]);
      expect(scanAll(reader, 0, table - 1)).toEqual([['\xff', 'table before']]);
      expect(scanAll(reader, 0xffff, table)).toEqual([['\xff', 'last partition']]);
    });

    test('keys of all code units below 256 and of all lengths are scanned in the order of strings', async () => {
      const max = limits.storeKeyBytesMax;
      const keys = new Set<string>([
        '',
        '\x00',
        '\x00\x00',
        '\xff',
        '\xff\xff',
        '\x00'.repeat(max),
        '\xff'.repeat(max),
      ]);
      for (let unit = 0; unit < 256; unit += 1) {
        const character = String.fromCharCode(unit);
        for (const key of [character, `${character}\x00`, `${character}\xff`, `a${character}`]) keys.add(key);
        keys.add(character.repeat(1 + ((unit * 37) % max)));
        keys.add(`${character}${'m'.repeat(max - 1)}`);
      }
      for (let length = 1; length <= max; length += 1) keys.add('k'.repeat(length));
      await writer.write(
        7,
        [...keys].map((key) => put(9, key, `value of ${key}`)),
      );
      reader.renew();
      const sorted = [...keys].sort((a, b) => (a < b ? -1 : 1));
      expect(scanAll(reader, 7, 9).map(([key]) => key)).toEqual(sorted);
      for (const [index, key] of sorted.entries()) {
        expect(text(reader.get(7, 9, key))).toBe(`value of ${key}`);
        const next = sorted[index + 2];
        expect(scanAll(reader, 7, 9, key, next).map(([found]) => found)).toEqual(sorted.slice(index, index + 2));
      }
    });

    test('a key or table that does not fit is refused, and nothing of its slice is written', async () => {
      const tooLong = 'x'.repeat(limits.storeKeyBytesMax + 1);
      await expect(writer.write(0, [put(1, 'a', '1'), put(1, tooLong, '')])).rejects.toMatchObject({
        code: 'INVARIANT',
      });
      await expect(writer.write(0, [put(1, 'a', '1'), put(0xffff, 'a', '')])).rejects.toMatchObject({
        code: 'INVARIANT',
      });
      reader.renew();
      expect(scanAll(reader, 0, 1)).toEqual([]);
    });

    test('values keep their bytes at any size, one after the other and once the caller has reused them', async () => {
      const sizes = [0, 1, 7, 63, 64, 150, 2_000, 4_095, 4_096, 4_097, 33_000, 70_000, 3_000_000, 1];
      const value = (size: number, seed: number): Uint8Array =>
        Uint8Array.from({ length: size }, (_, index) => (index * 31 + (index >> 8) + seed) % 256);
      const slice = sizes.map((size, index): StoreWrite => [1, String.fromCharCode(index), value(size, index)]);
      await writer.write(0, slice);
      for (const [, , written] of slice) written?.fill(0);
      reader.renew();
      const scanned = [...reader.scan(0, 1, '', undefined)];
      for (const [index, size] of sizes.entries()) {
        const expected = Buffer.from(value(size, index));
        expect(expected.equals(reader.get(0, 1, String.fromCharCode(index))!)).toBe(true);
        expect(expected.equals(scanned[index]![1])).toBe(true);
      }
    });

    test('values that are views into larger buffers are written as what they show', async () => {
      const whole = bytes('0123456789');
      await writer.write(0, [
        [1, 'a', whole.subarray(2, 5)],
        [1, 'b', Buffer.from('pooled')],
        [1, 'c', whole.subarray(9)],
      ]);
      reader.renew();
      expect(scanAll(reader, 0, 1)).toEqual([
        ['a', '234'],
        ['b', 'pooled'],
        ['c', '9'],
      ]);
    });

    test('a reader sees nothing newer than its last renewal, also in the middle of a scan', async () => {
      await writer.write(0, [put(1, 'a', '1'), put(1, 'b', '1')]);
      await writer.mark(0, { position: 5, note: undefined });
      reader.renew();
      const scan = reader.scan(0, 1, '', undefined)[Symbol.iterator]();
      expect(scan.next().value?.[0]).toBe('a');
      await writer.write(0, [put(1, 'aa', '2'), put(1, 'b', '2'), put(1, 'c', '2')]);
      await writer.mark(0, { position: 6, note: undefined });
      await new Promise((resolve) => setImmediate(resolve));
      expect(text(scan.next().value?.[1])).toBe('1');
      expect(scan.next().done).toBe(true);
      expect(text(reader.get(0, 1, 'b'))).toBe('1');
      expect(reader.get(0, 1, 'c')).toBeUndefined();
      expect(reader.marker(0).position).toBe(5);
      const later = fixture.reader();
      expect(text(later.get(0, 1, 'b'))).toBe('2');
      reader.renew();
      expect(scanAll(reader, 0, 1).map(([key]) => key)).toEqual(['a', 'aa', 'b', 'c']);
      expect(reader.marker(0).position).toBe(6);
      await later.close();
    });

    test('renewals one right after the other see each what settled before', async () => {
      for (let round = 0; round < 50; round += 1) {
        await writer.write(0, [put(1, 'a', String(round))]);
        reader.renew();
        expect(text(reader.get(0, 1, 'a'))).toBe(String(round));
        if (round % 2 === 0) reader.renew();
        if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        expect(text(reader.get(0, 1, 'a'))).toBe(String(round));
      }
    });

    test('a renewal ends scans that are under way: their next step throws', async () => {
      await writer.write(0, [put(1, 'a', ''), put(1, 'b', '')]);
      reader.renew();
      const scans = [reader.scan(0, 1, '', undefined), reader.scanDown(0, 1, '', undefined)].map((scan) =>
        scan[Symbol.iterator](),
      );
      for (const scan of scans) scan.next();
      reader.renew();
      for (const scan of scans) expect(() => scan.next()).toThrow(expect.objectContaining({ code: 'INVARIANT' }));
      expect(scanAll(reader, 0, 1).length).toBe(2);
    });

    test('scans may be nested, left early, and mixed with gets', async () => {
      await writer.write(
        0,
        ['a', 'b', 'c'].map((key) => put(1, key, key)),
      );
      reader.renew();
      const pairs: string[] = [];
      for (const [outer] of reader.scan(0, 1, '', undefined)) {
        for (const [inner, value] of reader.scan(0, 1, 'b', undefined)) {
          pairs.push(outer + text(value) + text(reader.get(0, 1, 'a')));
          if (inner === 'c') break;
        }
        if (outer === 'b') break;
      }
      expect(pairs).toEqual(['aba', 'aca', 'bba', 'bca']);
    });

    test('a marker holds its position and note, per partition', async () => {
      await writer.mark(1, { position: 2 ** 53 - 1, note: bytes('note') });
      await writer.mark(2, { position: 4, note: new Uint8Array(0) });
      await writer.mark(2, { position: 5, note: undefined });
      await writer.mark(3, { position: 6, note: new Uint8Array(0) });
      reader.renew();
      expect(reader.marker(0)).toEqual({ position: 0, note: undefined });
      expect(reader.marker(1)).toEqual({ position: 2 ** 53 - 1, note: bytes('note') });
      expect(reader.marker(2)).toEqual({ position: 5, note: undefined });
      expect(reader.marker(3)).toEqual({ position: 6, note: new Uint8Array(0) });
    });

    test('what was written stays when the caller uses its bytes, or a Buffer over them, again', async () => {
      const value = Buffer.from('value');
      const note = Buffer.from('note');
      await writer.write(1, [[1, 'a', value]]);
      await writer.mark(1, { position: 1, note });
      value.fill(0);
      note.fill(0);
      reader.renew();
      expect(text(reader.get(1, 1, 'a'))).toBe('value');
      expect(text(reader.marker(1).note)).toBe('note');
    });

    test('calls under way at once take effect in their order', async () => {
      const calls: Promise<void>[] = [];
      for (let round = 1; round <= 40; round += 1) {
        calls.push(writer.write(0, [put(1, 'a', String(round)), put(1, `key ${round}`, '')]));
        if (round % 7 === 0) calls.push(writer.mark(0, { position: round, note: undefined }));
        if (round === 20) calls.push(writer.clear(0));
      }
      await Promise.all(calls);
      reader.renew();
      expect(text(reader.get(0, 1, 'a'))).toBe('40');
      expect(scanAll(reader, 0, 1).length).toBe(21);
      expect(reader.marker(0).position).toBe(35);
    });

    test('clearing takes all rows and the marker of one partition, and leaves its neighbours', async () => {
      const count = limits.checkpointSliceRows * 2 + 1;
      const many = Array.from({ length: count }, (_, index) => put(index % 5, `row ${index}`, 'value'));
      for (const partition of [0, 1, 2]) {
        await writer.write(partition, [put(0, '', 'first'), put(0xfffe, '\xff'.repeat(9), 'last')]);
        await writer.mark(partition, { position: 9, note: undefined });
      }
      await writer.write(1, many);
      await writer.clear(1);
      reader.renew();
      for (let table = 0; table < 5; table += 1) expect(scanAll(reader, 1, table)).toEqual([]);
      expect(scanAll(reader, 1, 0xfffe)).toEqual([]);
      expect(reader.marker(1).position).toBe(0);
      for (const partition of [0, 2]) {
        expect(scanAll(reader, partition, 0)).toEqual([['', 'first']]);
        expect(scanAll(reader, partition, 0xfffe)).toEqual([['\xff'.repeat(9), 'last']]);
        expect(reader.marker(partition).position).toBe(9);
      }
      await writer.write(1, [put(1, 'again', '')]);
      reader.renew();
      expect(scanAll(reader, 1, 1).length).toBe(1);
    });

    test('closing the writer waits for what is under way and refuses what comes after', async () => {
      const write = writer.write(0, [put(1, 'a', '1')]);
      const closed = writer.close();
      const late = writer.write(0, [put(1, 'b', '1')]);
      await expect(late).rejects.toMatchObject({ code: 'CLOSED' });
      await Promise.all([write, closed, writer.close()]);
    });
  });

  modelAgreement(name, open);
};
