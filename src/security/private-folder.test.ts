import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PrivateFolder } from './private-folder.ts';
import { freshFolder, freshPath, withCode } from './security.fixture.ts';

const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('a folder of secrets', () => {
  test('and its files are for their own user alone, whatever the umask', () => {
    const before = process.umask(0);
    try {
      const folder = freshFolder();
      folder.write('ca.key', 'secret');
      expect(modeOf(folder.path)).toBe('700');
      expect(modeOf(path.join(folder.path, 'ca.key'))).toBe('600');
      expect(folder.read('ca.key')).toBe('secret');
      expect(folder.read('other.key')).toBeUndefined();
    } finally {
      process.umask(before);
    }
  });

  test('is refused where others can get at it or a file in it, with the command that mends it', () => {
    const { path: folder, ...made } = freshFolder();
    expect(made).toEqual({});
    new PrivateFolder(folder).write('node.pem', 'secret');
    for (const [file, bad, good] of [
      [folder, 0o755, 0o700],
      [folder, 0o710, 0o700],
      [path.join(folder, 'node.pem'), 0o640, 0o600],
      [path.join(folder, 'node.pem'), 0o602, 0o600],
    ] as const) {
      chmodSync(file, bad);
      expect(() => new PrivateFolder(folder)).toThrow(withCode('SECRETS_EXPOSED', `chmod ${good.toString(8)} ${file}`));
      chmodSync(file, good);
      expect(new PrivateFolder(folder).path).toBe(folder);
    }
  });

  test('lets others read what is no secret', () => {
    const folder = freshFolder();
    folder.write('ca.crt', 'certificate');
    chmodSync(path.join(folder.path, 'ca.crt'), 0o644);
    expect(new PrivateFolder(folder.path).read('ca.crt')).toBe('certificate');
  });

  test('writes over what a crash left half written', () => {
    const folder = freshFolder();
    writeFileSync(path.join(folder.path, 'ca.key.new'), 'ha', { mode: 0o600 });
    folder.write('ca.key', 'whole');
    expect(readdirSync(folder.path)).toEqual(['ca.key']);
  });

  test('that is a file is refused by its name', () => {
    const file = freshPath();
    writeFileSync(file, '');
    expect(() => new PrivateFolder(file)).toThrow(withCode('DATA_UNAVAILABLE', file));
    const taken = freshPath();
    mkdirSync(path.join(taken, 'ca.key'), { recursive: true, mode: 0o700 });
    expect(existsSync(taken)).toBe(true);
    expect(() => new PrivateFolder(taken).read('ca.key')).toThrow(withCode('DATA_UNAVAILABLE'));
  });
});
