import { createHash } from 'node:crypto';
import { pack } from 'msgpackr';
import { describe, expect, test } from 'vitest';
import { requestComplaint } from './methods.ts';
import { protocolVersion } from './protocol-version.ts';
import {
  type ClientMessage,
  decodeClientFrame,
  decodeNodeFrame,
  encodeFrame,
  fromClient,
  fromNode,
  type NodeMessage,
} from './wire.ts';

const id = '0'.repeat(26);

const clientMessages: readonly ClientMessage[] = [
  [fromClient.hello, 1, null, 'a client'],
  [fromClient.hello, 1, 'tökén', 'a client'],
  [fromClient.request, 1, 1, 'start', id, 'statements', '"2026-11"', null, 0, 1],
  [fromClient.request, 2 ** 40, 70_000, 'start', id, 'statements', JSON.stringify('é'.repeat(300)), 'key', 1.5, 0],
  [fromClient.request, 3, 1, 'app'],
  [fromClient.stop, 3],
  [fromClient.ping, 255],
];

const nodeMessages: readonly NodeMessage[] = [
  [fromNode.welcome, 1, 1_700_000_000_000, 5_000, ['wss://b:1'], [1_000_000, 10, 20]],
  [fromNode.reply, 1, 1, JSON.stringify('x'.repeat(70_000))],
  [fromNode.reply, 2, 0, '{"$error":{}}'],
  [fromNode.event, 3, '{"type":"state"}'],
  [fromNode.hint, 'overloaded', 50],
  [fromNode.hint, 'addresses', ['wss://b:1']],
  [fromNode.hint, 'closing', null],
  [fromNode.pong, 255],
  [fromNode.part, 3, '{"type":'],
];

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

describe('the wire format', () => {
  test('comes back as it went out', () => {
    expect(decodeClientFrame(encodeFrame(clientMessages))).toEqual(clientMessages);
    expect(decodeNodeFrame(encodeFrame(nodeMessages))).toEqual(nodeMessages);
    expect(decodeClientFrame(encodeFrame([]))).toEqual([]);
  });

  test('is a fixed format: other bytes need a new version, and a line of history', () => {
    const seen = {
      version: protocolVersion,
      fromClient: hash(encodeFrame(clientMessages)),
      fromNode: hash(encodeFrame(nodeMessages)),
    };
    expect(seen).toEqual({ version: 1, fromClient: '1a962e2f8406b433', fromNode: '3d43a67bc5983f16' });
  });

  test('is refused at any length but its own', () => {
    for (const bytes of [encodeFrame(clientMessages), encodeFrame([[fromClient.ping, 70_000]])]) {
      for (let end = 0; end < bytes.length; end++)
        expect(() => decodeClientFrame(bytes.slice(0, end)), `${end}`).toThrow(/ends early/);
      expect(() => decodeClientFrame(Uint8Array.of(...bytes, 0))).toThrow(/goes on behind its end/);
    }
  });

  test.each([
    ['a map', pack({ a: 1 })],
    ['a map in a message', pack([[2, { a: 1 }]])],
    ['bytes', pack([[2, new Uint8Array(3)]])],
    ['a time (an extension)', pack([[2, new Date(0)]])],
    ['a regular expression', Uint8Array.of(0x91, 0x92, 2, 0xd6, 0x78, 0x92, 0xa1, 0x61, 0xa0)],
    ['a 64-bit integer', pack([[2, 2n ** 60n]])],
    ['a number', pack(7)],
    ['a text', pack('hello')],
    ['too deep an array', pack([[0, [[1]]]])],
    ['an array that promises four billion items', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a text that promises four billion bytes', Uint8Array.of(0x91, 0xdb, 0xff, 0xff, 0xff, 0xff)],
    ['a message that is no array', pack([7])],
    ['a message without a kind', pack([[]])],
    ['a message of an unknown kind', pack([[9, 1]])],
    ['a hello without its fields', pack([[fromClient.hello, 1]])],
    ['a request with number 0', pack([[fromClient.request, 0, 0, 'app']])],
    ['a negative number', pack([[fromClient.ping, -1]])],
    ['a fraction for a number', pack([[fromClient.stop, 1.5]])],
    ['a method that is no text', pack([[fromClient.request, 1, 1, 7]])],
  ])('refuses %s with a coded error', (_name, bytes) => {
    expect(() => decodeClientFrame(bytes)).toThrow(
      expect.objectContaining({ code: 'PROTOCOL_INVALID', outcome: 'rejected' }),
    );
  });

  test.each([
    ['a reply that is neither good nor bad', [[fromNode.reply, 1, 2, '']]],
    ['an event without text', [[fromNode.event, 1, null]]],
    ['a welcome with an address that is a number', [[fromNode.welcome, 1, 0, 0, [1], [1, 1, 1]]]],
    ['a map', { a: 1 }],
    ['a number', 7],
    ['a message that is no array', [7]],
    ['a time', [new Date(0)]],
    ['a welcome without bounds', [[fromNode.welcome, 1, 0, 0, [], []]]],
  ])('refuses %s from a node', (_name, messages) => {
    expect(() => decodeNodeFrame(pack(messages))).toThrow(expect.objectContaining({ code: 'PROTOCOL_INVALID' }));
  });

  test('refuses a frame of a node that ends early, goes on behind its end, or promises four billion items or bytes', () => {
    const frame = encodeFrame(nodeMessages);
    const endless = [Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff), Uint8Array.of(0x91, 0xdb, 0xff, 0xff, 0xff, 0xff)];
    const cut = Array.from({ length: frame.length }, (_, end) => frame.slice(0, end));
    for (const bytes of [...cut, ...endless, Uint8Array.of(...frame, 0)])
      expect(() => decodeNodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'PROTOCOL_INVALID' }));
  });

  test('tells what is wrong with a request: its method, or the place of its argument', () => {
    expect(requestComplaint('start', [id, 'a', '1', null, 0, 1])).toBeUndefined();
    expect(requestComplaint('status', [id, 'an argument of a newer version'])).toBeUndefined();
    expect(requestComplaint('constructor', [])?.message).toContain('There is no method "constructor"');
    expect(requestComplaint('start', [id, 'a', '1', null, -1, 1])?.message).toContain('Argument 5 of start');
    expect(requestComplaint('follow', [id])?.message).toContain('Argument 2 of follow');
  });
});
