/** `npm run test:faults`: real clusters, and what befalls them. */
import { testKind } from '../../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  testTimeout: 900_000,
  hookTimeout: 60_000,
  maxWorkers: 1,
});
