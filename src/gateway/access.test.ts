import { describe, expect, test } from 'vitest';
import { Access, type AccessOptions, isLoopbackAddress } from './access.ts';

const token = 'a-token-of-the-tests';
const access = (options: Partial<AccessOptions> = {}): Access =>
  new Access({ token: undefined, allowOrigins: [], loopback: true, secure: false, ...options });
const headers =
  (fields: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    fields[name];
const complaint = (of: Access, fields: Readonly<Record<string, string>>): string | undefined => {
  try {
    of.checkSource(headers(fields));
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('host names', () => {
  test.each([
    'localhost',
    'localhost:8484',
    'LOCALHOST:1',
    '127.0.0.1:8484',
    '127.9.9.9',
    '[::1]:8484',
    'app.localhost',
  ])('at a loopback address %s is its own', (host) => expect(complaint(access(), { host })).toBeUndefined());

  test.each([
    'shop.example',
    'localhost.shop.example:8484',
    '127.0.0.1.shop.example',
    '10.0.0.1',
    'localhost:8484:1',
    '',
  ])('at a loopback address %s is refused: what a name resolves to proves nothing', (host) =>
    expect(complaint(access(), { host })).toBe('HOST_REFUSED'),
  );

  test('a request without any is refused there', () => expect(complaint(access(), {})).toBe('HOST_REFUSED'));

  test('elsewhere any will do, because a token is asked for', () =>
    expect(complaint(access({ loopback: false }), { host: 'shop.example' })).toBeUndefined());

  test('that of an allowed origin is allowed', () => {
    const proxied = access({ allowOrigins: ['https://shop.example'] });
    expect(complaint(proxied, { host: 'shop.example', origin: 'https://shop.example' })).toBeUndefined();
    expect(complaint(proxied, { host: 'other.example' })).toBe('HOST_REFUSED');
  });
});

describe('origins', () => {
  const host = '127.0.0.1:8484';

  test('its own, and those that are allowed', () => {
    const some = access({ allowOrigins: ['https://shop.example', 'http://localhost:3000/'] });
    for (const origin of ['http://127.0.0.1:8484', 'https://shop.example', 'http://localhost:3000'])
      expect(complaint(some, { host, origin }), origin).toBeUndefined();
  });

  test.each(['https://127.0.0.1:8484', 'http://127.0.0.1', 'http://localhost:8484', 'https://shop.example', 'null'])(
    'no other: %s',
    (origin) => expect(complaint(access(), { host, origin })).toBe('ORIGIN_REFUSED'),
  );

  test('what is no origin cannot be allowed', () => {
    for (const origin of ['*', 'shop.example', 'https://shop.example/page', 'file:///'])
      expect(() => access({ allowOrigins: [origin] }), origin).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      );
  });

  test('CORS headers name a foreign one that is allowed, and no other', () => {
    const some = access({ allowOrigins: ['https://shop.example'] });
    expect(some.corsOrigin(headers({ origin: 'https://shop.example' }))).toBe('https://shop.example');
    expect(some.corsOrigin(headers({ origin: 'https://other.example' }))).toBeUndefined();
    expect(some.corsOrigin(headers({}))).toBeUndefined();
  });
});

describe('the token', () => {
  const asking = access({ token });
  const cookieOf = (of: Access): string => (of.sessionCookie(false) as string).split(';')[0] as string;

  test('is asked for where there is one', () => {
    expect(access().admits(headers({}))).toBe(true);
    expect(asking.admits(headers({}))).toBe(false);
    expect(() => asking.checkToken(headers({}))).toThrow(expect.objectContaining({ code: 'UNAUTHORIZED' }));
  });

  test('is taken as a bearer token only, and whole', () => {
    expect(asking.admits(headers({ authorization: `Bearer ${token}` }))).toBe(true);
    expect(asking.admits(headers({ authorization: `bearer  ${token} ` }))).toBe(true);
    for (const authorization of [token, `Basic ${token}`, `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, 'Bearer'])
      expect(asking.admits(headers({ authorization })), authorization).toBe(false);
  });

  test('lets a browser in by a cookie that does not hold it, also after a restart', () => {
    const cookie = asking.sessionCookie(false) as string;
    expect(cookie).not.toContain(token);
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(access({ token, secure: true }).sessionCookie(false)).toMatch(/; Secure$/);
    expect(access({ token }).admits(headers({ cookie: `a=b; ${cookieOf(asking)}; c` }))).toBe(true);
  });

  test('a cookie of another token, or one that was taken away, lets nobody in', () => {
    expect(access({ token: `${token}2` }).admits(headers({ cookie: cookieOf(asking) }))).toBe(false);
    expect(asking.admits(headers({ cookie: (asking.sessionCookie(true) as string).split(';')[0] as string }))).toBe(
      false,
    );
    expect(asking.admits(headers({ cookie: 'tutti_session=' }))).toBe(false);
  });

  test('a wrong bearer token is not made good by a cookie', () =>
    expect(asking.admits(headers({ authorization: 'Bearer x', cookie: cookieOf(asking) }))).toBe(false));

  test('of a first message is compared likewise', () => {
    expect([token, null, undefined, ''].map((text) => asking.tokenMatches(text))).toEqual([true, false, false, false]);
    expect(access().tokenMatches(null)).toBe(true);
  });
});

test('loopback addresses are those of this machine alone', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopbackAddress)).toBe(true);
  expect(['0.0.0.0', '::', '192.168.0.1', '127.example', 'shop.example'].some(isLoopbackAddress)).toBe(false);
});
