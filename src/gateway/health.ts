/**
 * Whether a node is well. Its canary task says whether it does what it is for; one run serves all who ask meanwhile and a moment
 * after, so that asking often costs no more.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Overview } from '../protocol/overview.ts';
import { decodeValue } from '../values/codec.ts';
import type { Backend } from './backend.ts';
import { checkLinks } from './cluster-health.ts';

/**
 * Sends a canary task through, and looks whether the node is cut off from its cluster; the milliseconds that the task took. What is
 * found first is told: where the cluster is out of reach, that, and not that the task is late.
 */
export const examine = async (backend: Pick<Backend, 'canary' | 'overview'>): Promise<number> => {
  const looked = backend.overview().then((text) => {
    const { cluster } = decodeValue(text) as Overview;
    if (cluster !== undefined) checkLinks(cluster);
  });
  const [canaryMs] = await Promise.all([backend.canary(), looked]);
  return canaryMs;
};

/** `run` sends a canary task through and gives the milliseconds it took. */
export class Health {
  readonly #run: () => Promise<number>;
  readonly #monotonic: () => number;
  #newest: Promise<number> | undefined;
  #endedAt: number | undefined;

  constructor(run: () => Promise<number>, monotonic: () => number) {
    this.#run = run;
    this.#monotonic = monotonic;
  }

  /** How long a canary task took, in milliseconds. Rejects with `NOT_READY` and `CLOSED`. */
  canary(): Promise<number> {
    const fresh =
      this.#newest !== undefined &&
      (this.#endedAt === undefined || this.#monotonic() - this.#endedAt < limits.gatewayCanaryKeptMs);
    if (!fresh) {
      this.#endedAt = undefined;
      this.#newest = this.#run()
        .catch(notReady)
        .finally(() => {
          this.#endedAt = this.#monotonic();
        });
    }
    return this.#newest as Promise<number>;
  }
}

const notReady = (cause: Error): never => {
  if (isTuttiError(cause) && (cause.code === 'CLOSED' || cause.code === 'NOT_READY')) throw cause;
  throw new TuttiError('NOT_READY', `The canary task did not come through: ${cause.message}`, { cause });
};
