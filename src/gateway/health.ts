/**
 * Whether a node is well. A node alone is asked by a canary task; one of a cluster sends canaries to its own executors all the time, and
 * says how it is: a task of its partitions may run at any other node. What is found serves all who ask meanwhile and a moment after, so
 * that asking often costs no more.
 */
import { isTuttiError, TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Overview } from '../protocol/overview.ts';
import { decodeValue } from '../values/codec.ts';
import type { Backend } from './backend.ts';
import { checkWell } from './cluster-health.ts';

/** What a node says of itself. Rejects with `NOT_READY` if that takes too long. */
export const overviewOf = async (backend: Pick<Backend, 'overview'>): Promise<Overview> => {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new TuttiError('NOT_READY', `The node did not say within ${limits.canaryMs} ms how it is.`)),
    limits.canaryMs,
  );
  try {
    return decodeValue(await Promise.race([backend.overview(), late])) as Overview;
  } finally {
    clearTimeout(timer);
  }
};

/** Rejects with `NOT_READY` if the node is not well. The milliseconds that a canary task took, where it is alone. */
export const examine = async (backend: Pick<Backend, 'canary' | 'overview'>): Promise<number | undefined> => {
  const { cluster } = await overviewOf(backend);
  if (cluster === undefined) return backend.canary();
  checkWell(cluster);
  return undefined;
};

/** `run` looks how the node is; it may give the milliseconds that a canary task took. */
export class Health {
  readonly #run: () => Promise<number | undefined>;
  readonly #monotonic: () => number;
  #newest: Promise<number | undefined> | undefined;
  #endedAt: number | undefined;

  constructor(run: () => Promise<number | undefined>, monotonic: () => number) {
    this.#run = run;
    this.#monotonic = monotonic;
  }

  /** Rejects with `NOT_READY` and `CLOSED`; otherwise the milliseconds that a canary task took, where one was sent. */
  check(): Promise<number | undefined> {
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
    return this.#newest as Promise<number | undefined>;
  }
}

const notReady = (cause: Error): never => {
  if (isTuttiError(cause) && (cause.code === 'CLOSED' || cause.code === 'NOT_READY')) throw cause;
  throw new TuttiError('NOT_READY', `The node does not do its work: ${cause.message}`, { cause });
};
