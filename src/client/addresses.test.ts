import { afterEach, describe, expect, test } from 'vitest';
import { socketAddress } from './addresses.ts';

describe('the address of a gateway', () => {
  const page = globalThis as { location?: { href: string } };
  afterEach(() => {
    delete page.location;
  });

  test.each([
    ['http://127.0.0.1:8484', 'ws://127.0.0.1:8484/v1/connect'],
    ['https://tasks.example', 'wss://tasks.example/v1/connect'],
    ['wss://tasks.example/', 'wss://tasks.example/v1/connect'],
    ['https://example.com/api/tutti/?a=1', 'wss://example.com/api/tutti/v1/connect'],
    ['ws://[::1]:8484', 'ws://[::1]:8484/v1/connect'],
  ])('of %s is %s', (url, address) => expect(socketAddress(url)).toBe(address));

  test('is taken from the page where it is a path', () => {
    page.location = { href: 'https://tasks.example:444/tasks/7?x=1' };
    expect(socketAddress('/')).toBe('wss://tasks.example:444/v1/connect');
    expect(socketAddress('http://other:1')).toBe('ws://other:1/v1/connect');
  });

  test.each(['', '/', 'localhost:8484', 'ftp://a', 'http://'])('cannot be made of %j', (url) => {
    expect(() => socketAddress(url)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
