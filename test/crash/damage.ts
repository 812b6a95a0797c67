/** Copies of a data folder, and the damage that tests do to them. */
import { cpSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paddedLength, stampFrame } from '../../src/engine/embedded/frame.ts';
import { sha256 } from '../../src/platform/sha256.ts';
import { readFrames } from './log-frames.ts';

/** Without the socket, which is of the process that made it. */
export const copyData = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });

export const logOf = (data: string): string => join(data, 'log', '0');

/** Name and checksum of each file in a folder and those below it. */
export const contentOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file} ${sha256(readFileSync(file))}`);

/** Turns over one bit. */
export const flipBit = (file: string, offset: number): void => {
  const bytes = readFileSync(file);
  if (offset >= bytes.length) throw new Error(`${file} has no byte ${offset}.`);
  bytes[offset] = (bytes[offset] as number) ^ 0x10;
  writeFileSync(file, bytes);
};

/** Turns over a bit of a frame in the middle of the log, and says where that begins. */
export const flipInTheMiddle = (data: string): { readonly file: string; readonly offset: number } => {
  const frames = readFrames(logOf(data));
  const frame = frames[frames.length >> 1]!;
  flipBit(frame.file, frame.offset + (frame.length >> 1));
  return frame;
};

/** The store is filled again from snapshot and log. */
export const removeStore = (data: string): void => {
  for (const file of ['store', 'store-lock']) rmSync(join(data, file));
};

/** What may stand where a write was cut short, made of the bytes of a frame. */
export const tails: Readonly<Record<string, (frame: Buffer) => Buffer>> = {
  noise: (frame) => Buffer.from(frame.map((byte, index) => byte ^ ((index * 31 + 7) & 0xff))),
  'the first half of a frame': (frame) => frame.subarray(0, frame.length >> 1),
  'the second half of a frame': (frame) => Buffer.concat([Buffer.alloc(4096), frame.subarray(4096)]),
  'a frame of an earlier life of the file': (frame) => {
    stampFrame(frame, { number: frame.readUInt32LE(8), salt: (frame.readUInt32LE(4) ^ 1) >>> 0 });
    return frame;
  },
};

/** Puts a tail behind the last frame. */
export const tearTail = (data: string, tailOf: (frame: Buffer) => Buffer): void => {
  const frames = readFrames(logOf(data));
  const last = frames.at(-1)!;
  const longest = frames.filter(({ file }) => file === last.file).sort((a, b) => b.length - a.length)[0]!;
  const bytes = readFileSync(last.file);
  const tail = tailOf(Buffer.from(bytes.subarray(longest.offset, longest.offset + longest.length)));
  const end = last.offset + paddedLength(last.length);
  writeFileSync(last.file, Buffer.concat([bytes.subarray(0, end), tail, bytes.subarray(end + tail.length)]));
};
