/** `npm run test:next`: the gateway in Next.js. Apart from the other tests, because it installs Next and builds an app with it. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, { testTimeout: 60_000, hookTimeout: 300_000 });
