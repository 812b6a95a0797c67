/**
 * Work for a CPU that takes about as long everywhere: SHA-256 over so many bytes. (A loop in JavaScript takes one to three
 * times as long, depending on what the compiler made of it.)
 */
import { hash } from 'node:crypto';

const bytesMax = 64 * 1024 * 1024;
let buffer = new Uint8Array(0);

/** SHA-256 over `bytes` bytes that begin with `index`; gives 32 bits of it. */
export const hashWork = (index: number, bytes: number): number => {
  if (buffer.length < bytes) buffer = new Uint8Array(Math.min(bytesMax, bytes));
  const part = buffer.subarray(0, bytes);
  part[0] = index & 0xff;
  part[1] = (index >>> 8) & 0xff;
  part[2] = (index >>> 16) & 0xff;
  return hash('sha256', part, 'buffer').readUInt32LE(0);
};

/** About 10 µs: a call costs 0.5 to 1 µs besides its bytes. */
export const tinyBytesOf = (bytesPerMs: number): number => Math.round(bytesPerMs / 110);

const calibrateMs = 300;

/** How many bytes take about a millisecond on this machine. */
export const measureBytesPerMs = (): number => {
  const bytes = 1024 * 1024;
  const rates: number[] = [];
  hashWork(0, bytes);
  const until = performance.now() + calibrateMs;
  while (performance.now() < until) {
    const began = performance.now();
    hashWork(rates.length, bytes);
    rates.push(bytes / (performance.now() - began));
  }
  rates.sort((a, b) => a - b);
  return Math.round(rates[Math.floor(rates.length / 2)] as number);
};

/** How executor threads are told: the app module has no other way to get a setting. */
export const bytesPerMsVariable = 'TUTTI_BENCH_BYTES_PER_MS';
