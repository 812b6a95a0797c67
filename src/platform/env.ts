/**
 * What a process takes from the world: time, timers, chance, and a place to say what happened. Handed in everywhere, so
 * that the simulator can replace it (DESIGN sections 9 and 11).
 */
export interface Env {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly events: EventSink;
}

export interface Clock {
  /** Milliseconds since 1970; may jump. */
  now(): number;
  /** Milliseconds from an arbitrary origin; never goes back. */
  monotonic(): number;
}

export interface Timers {
  /** Calls `fire` once, `delayMs` from now or later; any length (long ones are split). Returns what cancels it. */
  after(delayMs: number, fire: () => void): () => void;
}

export interface Random {
  /** `count` bytes, unpredictable in production. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  fraction(): number;
}

/** One sink for metrics, traces and logs: the simulator's trace and production's metrics are the same events. */
export interface EventSink {
  /** `name` is dotted and stable (`partition.epoch`); `fields` are plain values. */
  emit(name: string, fields: Readonly<Record<string, unknown>>): void;
}
