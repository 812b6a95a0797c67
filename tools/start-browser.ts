/** A browser without a screen. Where none is installed, tests that need one fail. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

/** Debian's, which is taken before any that PATH has. */
const debian = '/usr/bin/chromium';
const names = ['chromium', 'chromium-browser', 'google-chrome', 'headless_shell'];

/** The Chromium to use: `TUTTI_CHROMIUM`, Debian's, or one of these names in PATH. Throws where there is none, with all that was tried. */
export const findBrowser = (
  env: Readonly<Record<string, string | undefined>>,
  isThere: (path: string) => boolean,
): string => {
  const chosen = env['TUTTI_CHROMIUM'];
  if (chosen !== undefined && chosen !== '') {
    if (isThere(chosen)) return chosen;
    throw new Error(`TUTTI_CHROMIUM names ${chosen}, which is not there.`);
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = [debian, ...names.flatMap((name) => folders.map((folder) => join(folder, name)))].find(isThere);
  if (found !== undefined) return found;
  throw new Error(
    `There is no Chromium: no TUTTI_CHROMIUM, no ${debian}, and none of ${names.join(', ')} in PATH. ` +
      'On Debian: apt-get install chromium. Elsewhere set TUTTI_CHROMIUM to one.',
  );
};

/** It speaks with nobody of its own accord. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const startBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: findBrowser(process.env, existsSync), args });
