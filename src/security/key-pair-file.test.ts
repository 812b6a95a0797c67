import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ownKeyPair } from './authority.ts';
import { keyToJoinWith, readKeyPair, writeKeyPair } from './key-pair-file.ts';
import { PrivateFolder } from './private-folder.ts';
import { freshFolder, newAuthority, start, withCode } from './security.fixture.ts';

const authority = newAuthority();
const pair = {
  ...ownKeyPair(authority, { identity: { kind: 'server', name: 'n1' }, hosts: [] }, start),
  authority: authority.certificate,
};

test('a key pair is read back from its file, and is none before it is there', () => {
  const folder = freshFolder();
  expect(readKeyPair(folder, 'server.pem')).toBeUndefined();
  writeKeyPair(folder, 'server.pem', pair);
  expect(readKeyPair(new PrivateFolder(folder.path), 'server.pem')).toEqual(pair);
});

test('a file of another kind is refused by name', () => {
  const folder = freshFolder();
  for (const text of [
    '',
    pair.key,
    pair.key + pair.certificate,
    pair.certificate + pair.key,
    `${pair.key}${pair.key}${pair.key}`,
  ]) {
    folder.write('server.pem', text);
    expect(() => readKeyPair(folder, 'server.pem')).toThrow(withCode('DATA_FORMAT', 'server.pem'));
  }
});

test('the key of a join that was cut short is kept until it has its certificate', () => {
  const folder = freshFolder();
  const key = keyToJoinWith(folder, 'node.pem');
  expect(keyToJoinWith(new PrivateFolder(folder.path), 'node.pem')).toBe(key);
  expect(keyToJoinWith(folder, 'server.pem')).not.toBe(key);
  writeKeyPair(folder, 'node.pem', pair);
  expect(readdirSync(folder.path).sort()).toEqual(['node.pem', 'server.pem.joining']);
});
