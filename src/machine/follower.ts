/**
 * The registry of a machine that joined: asks the one that began the cluster, and keeps up with the roster. As long as that one cannot be
 * reached nothing changes, and everything goes on.
 */
import { isTuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Timers } from '../platform/env.ts';
import type { RenewalRequest } from '../security/authority.ts';
import type { KeyPairFile } from '../security/key-pair-file.ts';
import { askServer, type Place } from '../security/server-request.ts';
import { type MemberRequests, memberPath } from './member-requests.ts';
import type { Apply, Registry } from './registry.ts';
import { type Roster, readRoster } from './roster.ts';

export type FollowerOptions = {
  readonly door: Place;
  /** Of its node, as it is now. */
  readonly pair: () => KeyPairFile;
  readonly roster: Roster;
  readonly timers: Timers;
  readonly apply: Apply;
  /** Told once for each outage; undefined: it is over. */
  readonly cutOff: (error: unknown) => void;
  /** It was taken out of the cluster. */
  readonly removed: () => void;
};

/** Asks once. Rejects as `askServer` does. */
export const askDoor = <What extends keyof MemberRequests>(
  door: Place,
  pair: KeyPairFile,
  what: What,
  body: MemberRequests[What],
  signal?: AbortSignal,
): Promise<string> =>
  askServer(door, {
    authority: pair.authority,
    own: pair,
    path: `${memberPath}${what}`,
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

export class Follower implements Registry {
  readonly #options: FollowerOptions;
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;
  #roster: Roster;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#roster = options.roster;
    this.#following = this.#follow();
  }

  get roster(): Roster {
    return this.#roster;
  }

  async renew(request: RenewalRequest): Promise<string> {
    return (JSON.parse(await this.#ask('renew', request)) as { readonly certificate: string }).certificate;
  }

  async setDrained(name: string, drained: boolean): Promise<void> {
    await this.#ask('drain', { name, drained });
  }

  async remove(name: string): Promise<void> {
    await this.#ask('remove', { name });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }

  #ask<What extends keyof MemberRequests>(what: What, body: MemberRequests[What]): Promise<string> {
    return askDoor(this.#options.door, this.#options.pair(), what, body, this.#closing.signal);
  }

  async #follow(): Promise<void> {
    const { apply, cutOff, removed } = this.#options;
    let out = false;
    while (!this.#closing.signal.aborted) {
      try {
        const next = readRoster(await this.#ask('roster', { version: this.#roster.version }));
        if (out) cutOff(undefined);
        out = false;
        if (next.version <= this.#roster.version) continue;
        await apply(next);
        this.#roster = next;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (isTuttiError(error) && error.code === 'UNAUTHORIZED' && error.details['removed'] !== undefined) {
          removed();
          return;
        }
        if (!out) cutOff(error);
        out = true;
        await this.#pause();
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#closing;
      const end = (): void => {
        cancel();
        signal.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#options.timers.after(limits.rosterRetryMs, end);
      signal.addEventListener('abort', end);
    });
  }
}
