import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecordCopies } from '../partition/record-copies.ts';
import { FileCopies } from './file-copies.ts';

let folder: string;
const refused: unknown[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tutti-copies-'));
  refused.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (fileBytes = 100): FileCopies => new FileCopies(folder, fileBytes, (error) => void refused.push(error));
const bytesOf = (position: number): Uint8Array => Buffer.from(`record ${position}`);
const keepAll = (copies: RecordCopies, from: number, to: number): void => {
  for (let position = from; position <= to; position++) expect(copies.keep(position, bytesOf(position))).toBe('kept');
};
const texts = async (copies: RecordCopies, from: number): Promise<readonly string[]> =>
  (await copies.read(from)).map(({ position, bytes }) => `${position}: ${Buffer.from(bytes)}`);
const expected = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, at) => `${from + at}: record ${from + at}`);

test('records come out as they were kept, over files and over openings', async () => {
  const copies = open();
  keepAll(copies, 5, 24);
  expect([copies.start, copies.end, readdirSync(folder).length > 2]).toEqual([5, 24, true]);
  expect(await texts(copies, 5)).toEqual(expected(5, 24));
  copies.close();
  const again = open();
  keepAll(again, 25, 30);
  expect(await texts(again, 17)).toEqual(expected(17, 30));
  expect(await texts(again, 4)).toEqual([]);
  expect(await texts(again, 31)).toEqual([]);
});

test('the same bytes may come again; others are told, and do not take the place of what is there', async () => {
  keepAll(open(), 1, 9);
  const copies = open();
  expect(copies.keep(4, bytesOf(4))).toBe('kept');
  expect(copies.keep(4, bytesOf(5))).toBe('differs');
  expect(await texts(copies, 1)).toEqual(expected(1, 9));
});

test('what was torn at the end is cut off, wherever, and what is kept next follows', async () => {
  keepAll(open(1_000_000), 1, 6);
  const [name] = readdirSync(folder);
  const path = join(folder, name as string);
  const whole = readFileSync(path);
  const perRecord = whole.length / 6;
  for (let length = whole.length - 1; length >= whole.length - perRecord; length--) {
    writeFileSync(path, whole);
    truncateSync(path, length);
    const copies = open(1_000_000);
    expect(copies.end).toBe(5);
    keepAll(copies, 6, 8);
    expect(await texts(copies, 1)).toEqual(expected(1, 8));
    copies.close();
    for (const other of readdirSync(folder)) if (other !== name) rmSync(join(folder, other));
  }
  writeFileSync(path, whole);
  appendFileSync(path, Buffer.alloc(64));
  expect(open(1_000_000).end).toBe(6);
});

test('a bit that was flipped ends what is kept, and is never given out', async () => {
  keepAll(open(1_000_000), 1, 3);
  const path = join(folder, readdirSync(folder)[0] as string);
  const whole = readFileSync(path);
  for (let bit = 0; bit < whole.length * 8; bit += 5) {
    const flipped = Uint8Array.from(whole);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const copies = open(1_000_000);
    writeFileSync(path, flipped);
    for (const text of await texts(copies, 1)) expect(expected(1, 3)).toContain(text);
    const again = open(1_000_000);
    expect(again.end).toBeLessThan(3);
    expect(await texts(again, 1)).toEqual(expected(1, again.end));
    writeFileSync(path, whole);
  }
});

test('files whose records lie before what is trimmed go; a record that does not follow takes the place of all', async () => {
  const copies = open();
  keepAll(copies, 1, 40);
  const files = readdirSync(folder).length;
  copies.trim(30);
  expect(readdirSync(folder).length).toBeLessThan(files);
  expect([copies.start > 20, copies.start <= 30]).toEqual([true, true]);
  expect(await texts(copies, 30)).toEqual(expected(30, 40));
  keepAll(copies, 60, 61);
  expect([copies.start, copies.end, readdirSync(folder).length]).toEqual([60, 61, 1]);
  expect(await texts(open(), 60)).toEqual(expected(60, 61));
});

test('a disk that refuses is told of, and keeps nobody from going on', async () => {
  const copies = open();
  keepAll(copies, 1, 2);
  copies.close();
  rmSync(folder, { recursive: true });
  expect(copies.keep(3, bytesOf(3))).toBe('kept');
  expect([refused.length, copies.end]).toEqual([1, 2]);
});
