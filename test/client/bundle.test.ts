/** The client as a page gets it: how large it is, and that it needs nothing of Node.js. */
import { expect, test } from 'vitest';
import { clientBundle, clientSizes, printSizes } from '../../tools/client-bundle.ts';

test('is at most 12 kB of our own code for a page, compressed, the codec of values included', async () => {
  const sizes = await clientSizes();
  console.info(printSizes(sizes));
  expect(sizes.withCodec).toBeLessThanOrEqual(12_000);
});

test('is one file of JavaScript that asks for no module', async () => {
  const code = await clientBundle();
  expect(code).not.toMatch(/\b(import|require)\s*[({'"`]|\bfrom\s*['"`]/);
  expect(code).toMatch(/export\s*\{[^}]*\bconnect\b[^}]*\}/);
});

test('holds nothing of the server, nor the bounds and texts that only nodes use', async () => {
  const code = await clientBundle();
  for (const word of ['segmentBytes', 'The data folder is held', 'checkpoint', 'JOIN_REFUSED', 'it ends too early'])
    expect(code).not.toContain(word);
});
