/** `npm run test:browser`: what is looked at in a real browser. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 15_000 } },
});
