import { describe, expect, test } from 'vitest';
import { LineOutput } from './line-output.ts';

const again = Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });

/** A pipe that takes `room` bytes and then no more until it is read. */
class SlowPipe {
  text = '';
  room: number;

  constructor(room: number) {
    this.room = room;
  }

  write = (bytes: Uint8Array): number => {
    if (this.room === 0) throw again;
    const taken = bytes.subarray(0, this.room);
    this.room -= taken.length;
    this.text += Buffer.from(taken).toString();
    return taken.length;
  };
}

describe('LineOutput', () => {
  test('writes lines at once while they are taken', () => {
    const pipe = new SlowPipe(1_000);
    const output = new LineOutput(pipe.write, 100);
    output.line('one');
    output.line('two');
    expect(pipe.text).toBe('one\ntwo\n');
  });

  test('a full pipe is no error: the rest of a line comes when it is read, in order', () => {
    const pipe = new SlowPipe(5);
    const output = new LineOutput(pipe.write, 100);
    output.line('first line');
    output.line('second line');
    expect(pipe.text).toBe('first');
    pipe.room = 1_000;
    output.flush();
    expect(pipe.text).toBe('first line\nsecond line\n');
  });

  test('what is beyond the bound is left out, and counted', () => {
    const pipe = new SlowPipe(0);
    const output = new LineOutput(pipe.write, 10);
    for (const text of ['12345', '67890', 'lost', 'lost too']) output.line(text);
    pipe.room = 1_000;
    output.flush();
    expect(pipe.text).toBe('12345\n67890\n(2 lines were left out: they came faster than they were read)\n');
  });

  test('a reader that has gone is no error', () => {
    const output = new LineOutput(() => {
      throw Object.assign(new Error('EPIPE'), { code: 'EPIPE' });
    }, 10);
    output.line('a');
    expect(() => output.flush()).not.toThrow();
  });
});
