import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { readJoinToken, writeJoinToken } from './join-token.ts';
import { fileTokenStore, JoinTokens, type TokenRecord, type TokenStore } from './join-tokens.ts';
import { datedEnv, dayMs, freshFolder, start, withCode } from './security.fixture.ts';

const authority = createHash('sha256').update('authority').digest();
const key = createHash('sha256').update('key').digest('hex');
const otherKey = createHash('sha256').update('other').digest('hex');
const grant = { app: 'shop', server: true, hosts: ['10.0.0.1'] };

const tokensIn = (store: TokenStore = fileTokenStore(freshFolder()), env = datedEnv()) => ({
  env,
  tokens: new JoinTokens({ store, clock: env.clock, random: env.random, authority }),
});

describe('a join token as text', () => {
  const text = writeJoinToken({ secret: Uint8Array.from({ length: 16 }, (_, at) => at), authority });

  test('is one word that can stand in an address, and is read back', () => {
    expect(text).toMatch(/^tutti1[A-Za-z0-9_-]{70}$/);
    expect(encodeURIComponent(text)).toBe(text);
    expect(Buffer.from(readJoinToken(text).authority)).toEqual(authority);
    expect([...readJoinToken(text).secret]).toEqual(Array.from({ length: 16 }, (_, at) => at));
  });

  test('shows every slip: one character changed, missing, doubled, or two swapped', () => {
    const refused = withCode('JOIN_TOKEN_MISTYPED');
    for (let at = 0; at < text.length; at++) {
      const one = text[at] as string;
      for (const other of ['A', 'b', '0', '_', '=', ' '].filter((letter) => letter !== one))
        expect(() => readJoinToken(text.slice(0, at) + other + text.slice(at + 1))).toThrow(refused);
      expect(() => readJoinToken(text.slice(0, at) + text.slice(at + 1))).toThrow(refused);
      expect(() => readJoinToken(text.slice(0, at) + one + text.slice(at))).toThrow(refused);
      const next = text[at + 1];
      if (next !== undefined && next !== one)
        expect(() => readJoinToken(text.slice(0, at) + next + one + text.slice(at + 2))).toThrow(refused);
    }
    for (const other of ['', 'tutti1', `${text}=`, ` ${text}`, text.toUpperCase()])
      expect(() => readJoinToken(other)).toThrow(refused);
  });
});

describe('join tokens', () => {
  test('work once, for one key (K1)', () => {
    const { tokens } = tokensIn();
    const text = tokens.issue(grant);
    const first = tokens.redeem(text, 'n1', key);
    expect(first.grant).toMatchObject(grant);
    first.accept();
    expect(tokens.redeem(text, 'n1', key).again).toBe(true);
    expect(() => tokens.redeem(text, 'n2', otherKey)).toThrow(withCode('JOIN_TOKEN_USED', 'by n1'));
    expect(() => tokens.redeem(text, 'n2', key)).toThrow(withCode('JOIN_TOKEN_USED'));
    expect(() => tokens.redeem(text, 'n1', otherKey)).toThrow(withCode('JOIN_TOKEN_USED'));
  });

  test('that were not accepted are still good (K3)', () => {
    const { tokens } = tokensIn();
    const text = tokens.issue(grant);
    tokens.redeem(text, 'n1', key);
    expect(tokens.redeem(text, 'n2', otherKey).again).toBe(false);
  });

  test('are used on disk before accept returns: a store that fails grants nothing, and a new process knows', () => {
    const folder = freshFolder();
    const text = tokensIn(fileTokenStore(folder)).tokens.issue(grant);
    const full: TokenStore = {
      read: () => fileTokenStore(folder).read(),
      write: () => {
        throw new Error('disk full');
      },
    };
    expect(() => tokensIn(full).tokens.redeem(text, 'n1', key).accept()).toThrow('disk full');
    tokensIn(fileTokenStore(folder)).tokens.redeem(text, 'n1', key).accept();
    expect(() => tokensIn(fileTokenStore(folder)).tokens.redeem(text, 'n2', otherKey)).toThrow(
      withCode('JOIN_TOKEN_USED'),
    );
  });

  test('expire', () => {
    const { tokens, env } = tokensIn();
    const text = tokens.issue(grant);
    const short = tokens.issue(grant, 1_000);
    env.advance(1_000);
    expect(() => tokens.redeem(short, 'n1', key)).toThrow(withCode('JOIN_TOKEN_EXPIRED', 'tutti token'));
    expect(tokens.redeem(text, 'n1', key).again).toBe(false);
    env.advance(limits.joinTokenMs);
    expect(() => tokens.redeem(text, 'n1', key)).toThrow(withCode('JOIN_TOKEN_EXPIRED'));
    for (const lifeMs of [0, -1, Number.NaN, limits.joinTokenMsMax + 1])
      expect(() => tokens.issue(grant, lifeMs)).toThrow(withCode('OPTION_INVALID'));
    expect(() => tokens.issue({ ...grant, app: 'a/b' })).toThrow(withCode('OPTION_INVALID'));
  });

  test('that nobody handed out are wrong, whatever authority they name', () => {
    const { tokens } = tokensIn();
    tokens.issue(grant);
    for (const named of [authority, createHash('sha256').update('another').digest()])
      expect(() => tokens.redeem(writeJoinToken({ secret: new Uint8Array(16), authority: named }), 'n1', key)).toThrow(
        withCode('JOIN_TOKEN_WRONG', 'tutti token'),
      );
  });

  test('leave no trace by which they could be made again', () => {
    const folder = freshFolder();
    const text = tokensIn(fileTokenStore(folder)).tokens.issue(grant);
    const secret = Buffer.from(readJoinToken(text).secret);
    for (const name of readdirSync(folder.path)) {
      const written = readFileSync(path.join(folder.path, name), 'latin1');
      for (const form of [text, secret.toString('hex'), secret.toString('base64'), secret.toString('base64url')])
        expect(written).not.toContain(form);
    }
  });

  test('are forgotten a week after they expired, and are not more than a bound', () => {
    let records: readonly TokenRecord[] = [];
    const { tokens, env } = tokensIn({ read: () => records, write: (next) => (records = next) });
    for (let count = 0; count < limits.joinTokensMax; count++) tokens.issue(grant);
    expect(() => tokens.issue(grant)).toThrow(withCode('OVERLOADED', '2026-01-08'));
    env.advance(limits.joinTokenMs + limits.joinTokenKeptMs);
    tokens.issue(grant);
    expect(records).toHaveLength(1);
  });

  test('are in a file whose form has a version', () => {
    const folder = freshFolder();
    const { tokens } = tokensIn(fileTokenStore(folder));
    tokens.redeem(tokens.issue(grant), 'n1', key).accept();
    const { hash } = fileTokenStore(folder).read()[0] as TokenRecord;
    expect(folder.read('tokens.json')).toBe(
      `{"format":1,"tokens":[{"hash":"${hash}","app":"shop","server":true,"hosts":["10.0.0.1"],"expiresMs":${start + limits.joinTokenMs},"used":{"key":"${key}","name":"n1","atMs":${start}}}]}\n`,
    );
    expect(dayMs).toBeGreaterThan(limits.joinTokenMs);
    for (const text of [
      '',
      '{}',
      '[]',
      '{"format":2,"tokens":[]}',
      '{"format":1,"tokens":[{}]}',
      '{"format":1,"tokens":[{"hash":1}]}',
    ]) {
      folder.write('tokens.json', text);
      expect(() => fileTokenStore(folder).read(), text).toThrow(withCode('DATA_FORMAT'));
    }
  });
});
