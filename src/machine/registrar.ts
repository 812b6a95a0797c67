/**
 * The registry of the machine that began the cluster: changes the roster, one change after the other, and knows who has which.
 *
 * G1  A change is on disk and in use here before anybody else hears of it, and settles when the machines that run servers and are
 *     there have it in use too: whoever was taken in can connect to each of them. One that is away reads it when it comes back.
 * G2  Nobody waits longer than `rosterAppliedMs` for a machine that has fallen silent.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Clock, Timers } from '../platform/env.ts';
import { type Authority, type RenewalRequest, signRenewal } from '../security/authority.ts';
import type { Apply, Registry } from './registry.ts';
import { replaceable } from './replacement.ts';
import {
  isTaken,
  knownMachine,
  machineIn,
  type Roster,
  type RosterMachine,
  serversOf,
  withMachine,
  withoutMachine,
  withReplacement,
} from './roster.ts';

export type RegistrarOptions = {
  readonly authority: Authority;
  readonly env: { readonly clock: Clock; readonly timers: Timers };
  readonly roster: Roster;
  /** The name of this machine. */
  readonly self: string;
  readonly apply: Apply;
};

/** `waiting`: how many questions are not answered yet. */
type Seen = { version: number; atMs: number; waiting: number };

const dayMs = 24 * 3_600_000;
/** When those that are made now have run out. */
const certificatesEnd = (now: number): number => now + limits.certificateDays * dayMs;

export class Registrar implements Registry {
  readonly #options: RegistrarOptions;
  #roster: Roster;
  #changing: Promise<void> = Promise.resolve();
  /** What the others have in use, and when they last asked. */
  readonly #seen = new Map<string, Seen>();
  /** Who waits for a newer roster, or for others to have it. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#roster = options.roster;
  }

  get roster(): Roster {
    return this.#roster;
  }

  isTaken(name: string): boolean {
    return isTaken(this.#roster, name, this.#options.env.clock.now());
  }

  admit(machine: RosterMachine): Promise<void> {
    return this.#change((roster) => {
      // One that comes again keeps the place that it was given.
      const server = machine.server && { ...machineIn(roster, machine.name)?.server, ...machine.server };
      return withMachine(roster, { name: machine.name, drained: false, ...(server === undefined ? {} : { server }) });
    });
  }

  async renew(request: RenewalRequest): Promise<string> {
    const { authority, env } = this.#options;
    return signRenewal(
      authority,
      request,
      ({ kind, name }) => {
        const machine = machineIn(this.#roster, name);
        return machine !== undefined && (kind === 'node' || machine.server !== undefined);
      },
      env.clock.now(),
      ({ kind, name }) => (kind === 'server' ? machineIn(this.#roster, name)?.server?.key : undefined),
    );
  }

  setDrained(name: string, drained: boolean): Promise<void> {
    return this.#change((roster) => withMachine(roster, { ...knownMachine(roster, name), drained }));
  }

  /**
   * Puts `machine` in the place of the one named `gone`, which is none any more; `keys`: of the servers that stay, by machine. Rejects with
   * `OPTION_INVALID` where that cannot be.
   */
  replace(gone: string, machine: Required<RosterMachine>, keys: ReadonlyMap<string, string>): Promise<void> {
    return this.#change((roster) => {
      const now = this.#options.env.clock.now();
      return withReplacement(
        roster,
        replaceable(roster, this.#options.self, gone),
        { ...machine, drained: false },
        keys,
        now,
        certificatesEnd(now),
      );
    });
  }

  /** How long ago a member asked, in milliseconds: 0 while its question waits; undefined: so long ago that it does not any more. */
  heardMs(name: string): number | undefined {
    const seen = this.#seen.get(name);
    if (seen === undefined) return undefined;
    const ms = seen.waiting > 0 ? 0 : this.#options.env.clock.monotonic() - seen.atMs;
    return ms < limits.rosterWaitMs ? ms : undefined;
  }

  remove(name: string): Promise<void> {
    const { self, env } = this.#options;
    return this.#change((roster) => {
      const machine = knownMachine(roster, name);
      if (name === self)
        throw new TuttiError(
          'OPTION_INVALID',
          `${name} began the cluster and keeps its authority: it cannot be taken out. Its node alone: tutti drain`,
        );
      if (machine.server !== undefined)
        throw new TuttiError(
          'OPTION_INVALID',
          `${name} runs one of the ${roster.replicas} NATS servers, each of which has a copy of everything: it cannot be taken out. Its node alone: tutti drain ${name}. If it is gone for good, a new machine takes its place: tutti join … --replace ${name}`,
        );
      const now = env.clock.now();
      return withoutMachine(roster, name, now, certificatesEnd(now));
    });
  }

  /**
   * A member that has `version` in use asks for a newer one. Settles with the newest after `rosterWaitMs` at the latest, or when `gone` is
   * aborted: its connection has ended.
   */
  async next(name: string, version: number, gone: AbortSignal): Promise<Roster> {
    const { clock } = this.#options.env;
    const { waiting = 0 } = this.#seen.get(name) ?? {};
    const seen = { version, atMs: clock.monotonic(), waiting: waiting + 1 };
    this.#seen.set(name, seen);
    this.#wake();
    const until = clock.monotonic() + limits.rosterWaitMs;
    const ended = (): void => this.#wake();
    gone.addEventListener('abort', ended);
    while (this.#roster.version <= version && clock.monotonic() < until && !this.#closed && !gone.aborted)
      await this.#turn(until - clock.monotonic());
    gone.removeEventListener('abort', ended);
    this.#answered(name, gone.aborted);
    return this.#roster;
  }

  #answered(name: string, gone: boolean): void {
    const seen = this.#seen.get(name);
    if (seen === undefined) return;
    seen.waiting--;
    if (!gone) seen.atMs = this.#options.env.clock.monotonic();
    else if (seen.waiting === 0) this.#seen.delete(name);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#changing;
  }

  #change(make: (roster: Roster) => Roster): Promise<void> {
    const changed = this.#changing.then(async () => {
      const next = make(this.#roster);
      await this.#options.apply(next);
      this.#roster = next;
      this.#wake();
      await this.#untilApplied(next);
    });
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  /** G1, G2 */
  async #untilApplied(roster: Roster): Promise<void> {
    const { self, env } = this.#options;
    const until = env.clock.monotonic() + limits.rosterAppliedMs;
    const behind = (): boolean =>
      serversOf(roster).some(({ name }) => {
        const seen = this.#seen.get(name);
        const there = seen !== undefined && env.clock.monotonic() - seen.atMs < limits.rosterWaitMs * 2;
        return name !== self && there && seen.version < roster.version;
      });
    while (behind() && env.clock.monotonic() < until && !this.#closed) await this.#turn(until - env.clock.monotonic());
  }

  #turn(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#waiting.delete(wake);
        resolve();
      };
      const cancel = this.#options.env.timers.after(Math.max(1, waitMs), wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
