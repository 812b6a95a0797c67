/** A browser without a screen. Where none is installed, tests that need one fail. */
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env['TUTTI_CHROMIUM'] ?? '/usr/bin/chromium';

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

export const startBrowser = (): Promise<Browser> => chromium.launch({ executablePath, args });
