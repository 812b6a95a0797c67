/** `npm run test:runtimes`: the client in other runtimes. Apart from the other tests, because it installs them. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, { testTimeout: 60_000, hookTimeout: 60_000 });
