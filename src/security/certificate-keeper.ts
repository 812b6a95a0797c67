/**
 * Keeps a certificate from running out: after two thirds of its life it is renewed, and those who use it are told.
 *
 * ```
 * waiting ──due──▶ renewing ──done──▶ waiting (listeners told)
 *    ▲                │ failed: reported
 *    └── retry later ─┘
 * ```
 *
 * It looks at the clock often rather than once in two months: clocks are set. What it holds stays in use until a new one is on disk.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import { type KeyPair, readCertificate } from './certificate.ts';

/** When a certificate is to be renewed, in milliseconds since 1970. */
export const renewalTime = (certificate: string): number => {
  const { notBefore, notAfter } = readCertificate(certificate);
  return Math.round(notBefore + ((notAfter - notBefore) * 2) / 3);
};

export const renewalDue = (certificate: string, now: number): boolean => now >= renewalTime(certificate);

export type CertificateKeeperOptions = {
  readonly env: Pick<Env, 'clock' | 'timers'>;
  readonly current: KeyPair;
  /** Gets a new one: from the authority on this machine, or from one on another. Settles, whatever happens. */
  readonly renew: (current: KeyPair) => Promise<KeyPair>;
  /** Puts it on disk. */
  readonly save: (renewed: KeyPair) => void;
  /** Told of renewals that failed, and of listeners that threw. */
  readonly report: (error: unknown) => void;
};

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #listeners = new Set<(renewed: KeyPair) => void>();
  #current: KeyPair;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** Looks at once, then from time to time. */
  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#current = options.current;
    this.#look(0);
  }

  get current(): KeyPair {
    return this.#current;
  }

  /** Calls `listener` with each new one, once it is on disk. Returns what ends that. */
  onRenewed(listener: (renewed: KeyPair) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #look(delayMs: number): void {
    if (this.#closed) return;
    const { clock, timers } = this.#options.env;
    this.#cancel = timers.after(delayMs, () => {
      const leftMs = renewalTime(this.#current.certificate) - clock.now();
      if (leftMs > 0) this.#look(Math.min(leftMs, limits.certificateLookMs));
      else void this.#renew().then((done) => this.#look(done ? 0 : limits.certificateRetryMs));
    });
  }

  /** Whether there is a new one, that lasts. */
  async #renew(): Promise<boolean> {
    const { renew, save, report, env } = this.#options;
    try {
      const renewed = await renew(this.#current);
      if (this.#closed) return false;
      if (renewalDue(renewed.certificate, env.clock.now()))
        throw new TuttiError(
          'CERTIFICATE_REFUSED',
          'The new certificate is no younger than the one it replaces: do the clocks of the machines agree?',
        );
      save(renewed);
      this.#current = renewed;
    } catch (error) {
      report(error);
      return false;
    }
    for (const listener of this.#listeners) {
      try {
        listener(this.#current);
      } catch (error) {
        report(error);
      }
    }
    return true;
  }
}
