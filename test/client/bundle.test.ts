/** The client as a page gets it: how large it is, and that it needs nothing of Node.js. */
import { expect, test } from 'vitest';
import { clientBundle, clientSizes, printSizes } from '../../tools/client-bundle.ts';

test('is small enough for a page', async () => {
  const sizes = await clientSizes();
  console.info(printSizes(sizes));
  expect(sizes.own).toBeLessThan(9_000);
  expect(sizes.withCodec).toBeLessThan(14_500);
});

test('is one file of JavaScript that asks for no module', async () => {
  const code = await clientBundle();
  expect(code).not.toMatch(/\b(import|require)\s*[({'"`]|\bfrom\s*['"`]/);
  expect(code).toMatch(/export\s*\{[^}]*\bconnect\b[^}]*\}/);
});

test('holds nothing of the server, nor the bounds and texts that only nodes use', async () => {
  const code = await clientBundle();
  for (const word of ['segmentBytes', 'The data folder is held', 'checkpoint']) expect(code).not.toContain(word);
});
