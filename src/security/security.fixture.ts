/** A folder of secrets, an authority and time under the test's control. */
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type ManualEnv, manualEnv } from '../engine/embedded/manual-env.fixture.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { makeKey } from './certificate.ts';
import { PrivateFolder } from './private-folder.ts';

export const dayMs = 24 * 3_600_000;
export const start = Date.UTC(2026, 0, 1);

/** A path at which nothing is yet; what comes to be there goes with the test. */
export const freshPath = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tutti-security-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'security');
};

export const freshFolder = (): PrivateFolder => new PrivateFolder(freshPath());

export const newAuthority = (now = start): Authority => makeAuthority(createPrivateKey(makeKey()), now);

/** Time begins at `start`. */
export const datedEnv = (): ManualEnv => {
  const env = manualEnv();
  env.advance(start);
  return env;
};

/** An error with this code, for `toThrow` and `rejects.toThrow`. */
export const withCode = (code: string, text = ''): unknown => ({
  asymmetricMatch: (error: unknown) => Reflect.get(error as object, 'code') === code && String(error).includes(text),
  toString: () => code,
});
