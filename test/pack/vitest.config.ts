/** `npm run test:pack`: the packed package in a clean folder. Apart from the other tests, because it installs packages. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, { testTimeout: 120_000, hookTimeout: 300_000 });
