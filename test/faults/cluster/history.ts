/** What clients did and were told: one entry an operation, with times of a clock that all processes of the machine share. */
import { isTuttiError } from '../../../src/errors/tutti-error.ts';

/** `glance`: a status that is not waited for. */
export type OperationKind =
  | 'echo'
  | 'ledger'
  | 'squares'
  | 'claim'
  | 'cancel'
  | 'retry'
  | 'follow'
  | 'status'
  | 'glance';

export type Told =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly code: string;
      readonly outcome: string;
      readonly reason: unknown;
      readonly message: string;
    };

export type Operation = {
  /** Calls of one caller do not overlap. */
  readonly caller: string;
  readonly kind: OperationKind;
  readonly input: unknown;
  readonly key: string | undefined;
  readonly begunMs: number;
  /** Of its task, once that was acknowledged. */
  id?: string;
  acknowledgedMs?: number;
  /** What came of it; absent: nothing yet. */
  told?: Told;
  endedMs?: number;
};

/** Milliseconds of the machine's monotonic clock. */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

export const toldOf = async (run: () => Promise<unknown>): Promise<Told> => {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (!isTuttiError(error))
      return { ok: false, code: 'NOT_OURS', outcome: 'invariant', reason: undefined, message: String(error) };
    const { code, outcome, details, message } = error;
    return { ok: false, code, outcome, reason: details['reason'], message };
  }
};
