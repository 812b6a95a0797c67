import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { TextSender } from './send-text.ts';
import { TextResponse } from './text-response.ts';

/** A response that nobody reads until it is closed. */
const slowReader = (closed = false) => {
  const ends = Object.assign(new EventEmitter(), { closed });
  const sent: unknown[] = [];
  const outgoing = Object.assign(ends, {
    writeHead: (status: number, headers: object) => sent.push(status, headers),
    end: (text: string) => sent.push(text),
  }) as unknown as ServerResponse;
  return { outgoing, sent };
};
const sender = (): TextSender => new TextSender(() => undefined);

test('a text is sent with its length in bytes', () => {
  const { outgoing, sent } = slowReader();
  sender().send(new TextResponse('"é"', 202, { location: './x' }), outgoing);
  expect(sent).toEqual([202, expect.objectContaining({ location: './x', 'content-length': '4' }), '"é"']);
});

test('what readers do not take is bounded: long answers are refused with a delay until some has gone, short ones are not', () => {
  const texts = sender();
  const long = new TextResponse('x'.repeat(limits.gatewayAnswersBytesMax / 16), 200, {});
  const readers = Array.from({ length: 16 }, () => {
    const reader = slowReader();
    texts.send(long, reader.outgoing);
    return reader;
  });
  expect(readers.every(({ sent }) => sent.length === 3)).toBe(true);
  const refused = texts.send(long, slowReader().outgoing);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  const short = slowReader();
  texts.send(new TextResponse('1', 200, {}), short.outgoing);
  expect(short.sent.length).toBe(3);
  readers[0]?.outgoing.emit('close');
  short.outgoing.emit('close');
  const next = slowReader();
  texts.send(long, next.outgoing);
  expect(next.sent.length).toBe(3);
});

test('who has gone is sent nothing, and nothing is held for them', () => {
  const texts = sender();
  const long = new TextResponse('x'.repeat(limits.gatewayAnswersBytesMax), 200, {});
  const gone = slowReader(true);
  texts.send(long, gone.outgoing);
  expect(gone.sent).toEqual([]);
  const next = slowReader();
  texts.send(long, next.outgoing);
  expect(next.sent.length).toBe(3);
});
