/** `npm run test:deploy`: what `deploy/` has, checked for its form, and started where containers can be. As root, on Debian. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  testTimeout: 120_000,
  hookTimeout: 300_000,
  maxWorkers: 1,
  // What the tests say of what was not started is to be read plainly.
  disableConsoleIntercept: true,
});
