/** `npm run test:outside`: machines in one network namespace, and who tries them in another. As root, with `ip`. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  testTimeout: 120_000,
  hookTimeout: 120_000,
  maxWorkers: 1,
});
