/** `npm run test:simulate`: what starts simulator processes. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  include: [
    'same-run.test.ts',
    'seeds.test.ts',
    'planted/partitions.test.ts',
    'planted/tasks.test.ts',
    'planted/nodes.test.ts',
  ],
  testTimeout: 300_000,
  hookTimeout: 60_000,
  maxWorkers: 2,
});
