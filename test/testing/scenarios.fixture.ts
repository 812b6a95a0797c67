/** Scenarios that tests run in simulated worlds. */
import type { World } from '../../src/testing/index.ts';
import * as app from './app.fixture.ts';

export const month = async ({ client }: World, name: string) => {
  const from = Date.now();
  const at = await client.run(app.reminds, name);
  return { days: (Date.now() - from) / 86_400_000, at, letters: app.sentLetters() };
};
