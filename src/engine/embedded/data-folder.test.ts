import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Random } from '../../platform/env.ts';
import { dataPaths, openDataFolder, prepareDataFolder, readDataFormat } from './data-folder.ts';

const random: Random = { bytes: (count) => new Uint8Array(count).fill(0xab), fraction: () => 0 };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tutti-data-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const error = (code: string, details: object = {}) =>
  expect.objectContaining({ code, details: expect.objectContaining(details) });

it('makes a data folder once, and finds it as it was made', () => {
  expect(readDataFormat(folder)).toBeUndefined();
  const made = openDataFolder(folder, { random, partitions: 5, physicalLogs: 2 });
  expect(made).toEqual({
    format: 1,
    id: 'ab'.repeat(16),
    partitions: 5,
    physicalLogs: [
      [0, 2, 4],
      [1, 3],
    ],
  });
  expect(readdirSync(folder)).toEqual(['format.json']);
  expect(openDataFolder(folder, { random: { ...random, bytes: () => new Uint8Array(16) } })).toEqual(made);
  expect(openDataFolder(folder, { random, partitions: 5, physicalLogs: 4 })).toEqual(made);
  expect(readDataFormat(folder)).toEqual(made);
});

it('has one partition in one physical log unless told otherwise, and never more physical logs than partitions', () => {
  expect(openDataFolder(path.join(folder), { random })).toMatchObject({ partitions: 1, physicalLogs: [[0]] });
  const other = path.join(folder, 'other');
  prepareDataFolder(other);
  expect(openDataFolder(other, { random, partitions: 2, physicalLogs: 9 }).physicalLogs).toEqual([[0], [1]]);
});

it('keeps the form of format.json, which is part of the format', () => {
  openDataFolder(folder, { random, partitions: 2 });
  expect(readFileSync(dataPaths(folder).format, 'utf8')).toBe(
    `{\n  "format": 1,\n  "id": "${'ab'.repeat(16)}",\n  "partitions": 2,\n  "physicalLogs": [\n    [\n      0,\n      1\n    ]\n  ]\n}\n`,
  );
});

it('refuses another number of partitions than the folder was made with, and numbers that cannot be', () => {
  openDataFolder(folder, { random, partitions: 2 });
  expect(() => openDataFolder(folder, { random, partitions: 3 })).toThrow(error('OPTION_INVALID', { partitions: 2 }));
  for (const partitions of [0, -1, 1.5, 257, Number.NaN]) {
    expect(() => openDataFolder(folder, { random, partitions })).toThrow(error('OPTION_INVALID'));
  }
});

it('refuses a folder of another format, naming both, and leaves it as it is', () => {
  for (const found of [0, 2, 17]) {
    const text = JSON.stringify({ format: found, somethingElse: true });
    writeFileSync(dataPaths(folder).format, text);
    const refusal = error('DATA_FORMAT', { found, known: 1 });
    expect(() => openDataFolder(folder, { random })).toThrow(refusal);
    expect(() => readDataFormat(folder)).toThrow(new RegExp(`format ${found}.*format 1`));
    expect(readFileSync(dataPaths(folder).format, 'utf8')).toBe(text);
  }
});

it('refuses a format.json that Tutti did not write', () => {
  const bad = [
    '',
    'x',
    'null',
    '[]',
    '{"format":"1"}',
    '{"format":1}',
    '{"format":1,"id":"a","partitions":2,"physicalLogs":[[0]]}',
    '{"format":1,"id":"a","partitions":2,"physicalLogs":[[0],[0]]}',
    '{"format":1,"id":"a","partitions":2,"physicalLogs":[[0],[2]]}',
  ];
  for (const text of bad) {
    writeFileSync(dataPaths(folder).format, text);
    expect(() => openDataFolder(folder, { random }), text).toThrow(error('DATA_FORMAT', { known: 1 }));
  }
});

it('begins anew where an earlier process died before the folder was made', () => {
  writeFileSync(path.join(folder, 'format.json.new'), '{"for');
  expect(openDataFolder(folder, { random }).partitions).toBe(1);
  expect(readdirSync(folder)).toEqual(['format.json']);
});

it('says what to do about a folder that cannot be used', () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  for (const impossible of [file, path.join(file, 'below')]) {
    expect(() => prepareDataFolder(impossible)).toThrow(error('DATA_UNAVAILABLE', { folder: impossible }));
    expect(() => prepareDataFolder(impossible)).toThrow(/use another folder/);
  }
  // A folder that no user can write to, not even the one who may do everything.
  const readOnly = '/proc/self';
  if (process.platform === 'linux') {
    expect(() => prepareDataFolder(path.join(readOnly, 'tutti'))).toThrow(error('DATA_UNAVAILABLE'));
  }
});
