/** `npm run test:shells`: completion as it is in a real zsh and a real fish. */
import { testKind } from '../../tools/test-kind.ts';

export default testKind(import.meta.dirname, {
  testTimeout: 120_000,
  hookTimeout: 120_000,
});
