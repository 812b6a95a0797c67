import { expect, test } from 'vitest';
import { findBrowser } from './start-browser.ts';

const find = (there: readonly string[], env: Readonly<Record<string, string>> = {}): string =>
  findBrowser({ PATH: '/a/bin::/b/bin', ...env }, (path) => there.includes(path));

test('the browser that TUTTI_CHROMIUM names is used, or none', () => {
  expect(find(['/usr/bin/chromium', '/my/chrome'], { TUTTI_CHROMIUM: '/my/chrome' })).toBe('/my/chrome');
  expect(() => find(['/usr/bin/chromium'], { TUTTI_CHROMIUM: '/my/chrome' })).toThrow('/my/chrome');
  expect(find(['/usr/bin/chromium'], { TUTTI_CHROMIUM: '' })).toBe('/usr/bin/chromium');
});

test('then that of Debian, then any in PATH', () => {
  expect(find(['/a/bin/chromium', '/usr/bin/chromium'])).toBe('/usr/bin/chromium');
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'headless_shell'])
    expect(find([`/b/bin/${name}`])).toBe(`/b/bin/${name}`);
  expect(find(['/a/bin/headless_shell', '/b/bin/chromium-browser'])).toBe('/b/bin/chromium-browser');
});

test('where there is none, all that was looked for is named', () => {
  expect(() => find(['/elsewhere/chromium'])).toThrow(
    /TUTTI_CHROMIUM.*\/usr\/bin\/chromium.*chromium, chromium-browser, google-chrome, headless_shell in PATH/,
  );
});
