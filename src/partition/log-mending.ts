/**
 * Sees to it that a shared log reaches what is known to have been acknowledged before anybody leads it, and while somebody does:
 * what is missing is put back (`put-back.ts` decides, this asks, looks and appends).
 */
import type { Log } from '../engine/engine.ts';
import { TuttiError } from '../errors/tutti-error.ts';
import type { Env } from '../platform/env.ts';
import { PutBack } from './put-back.ts';
import { decodeHeader, type LogId, sameLog } from './record.ts';
import type { Replicas } from './replicas.ts';
import type { UnderWay } from './under-way.ts';

const lookPauseMs = 250;
const lookBytes = 1;

export type MendingOptions = {
  readonly partition: number;
  readonly log: Log;
  readonly replicas: Replicas;
  readonly env: Env;
  readonly underWay: UnderWay;
  readonly logId: () => LogId | undefined;
};

export class LogMending {
  readonly #options: MendingOptions;

  constructor(options: MendingOptions) {
    this.#options = options;
  }

  /**
   * Returns the position up to which the log is known to reach and must be read before a claim. `read`: how far this replica has
   * read it; `snapshot`: the position of the newest one; undefined: the leader said that its last record was read; `asked`: what others
   * know. Throws `LOG_DAMAGED` if the log ends before, or is another one, and cannot be mended.
   */
  async survey(read: number, snapshot: number | undefined, asked = this.#options.replicas.ask()): Promise<number> {
    const { log, replicas, partition, logId } = this.#options;
    const own = logId();
    replicas.knows(Math.max(own === undefined ? 0 : read, snapshot ?? 0), own);
    const { highest, logIds } = await asked;
    // Nothing in it counts, and yet somebody knows records of this partition; or they know another log.
    if (own === undefined ? highest > 0 && read > 0 : logIds.some((other) => !sameLog(other, own)))
      throw new TuttiError(
        'LOG_DAMAGED',
        `Partition ${partition}: its log is another one than the one that other replicas know: it was made anew under its name. It is not led until the right one is back.`,
        { details: { partition, highest } },
      );
    // The end is a hint: what was not read is looked at.
    if (snapshot === undefined && read >= highest) return highest;
    if (read < highest || (await log.end()) < highest) await this.#putBack(highest);
    return highest;
  }

  /** The log of a leader ends before a position that was acknowledged to it: others may have seen more of it than that. */
  async restore(position: number): Promise<void> {
    const { replicas, logId } = this.#options;
    replicas.knows(position, logId());
    await this.#putBack((await replicas.ask()).highest);
  }

  /** Puts back what is missing up to a position. Settles early when the host is closed. */
  async #putBack(to: number): Promise<void> {
    const { partition, log, replicas, env, underWay, logId } = this.#options;
    const ownLog = (bytes: Uint8Array): boolean => {
      const own = logId();
      return own === undefined || sameLog(decodeHeader(bytes, 0).logId, own);
    };
    const machine = new PutBack({ partition, end: await log.end(), to, ownLog });
    let fetched = new Map<number, Uint8Array>();
    while (!underWay.closing) {
      const { action } = machine;
      switch (action.kind) {
        case 'look':
          if (action.again) await underWay.pause(lookPauseMs);
          machine.looked(await this.#look(action.position));
          break;
        case 'fetch': {
          if (!fetched.has(action.position))
            fetched = new Map(
              (await replicas.fetch(action.position)).map(({ position, bytes }) => [position, bytes] as const),
            );
          machine.fetched(fetched.get(action.position));
          break;
        }
        case 'append':
          machine.appended(await log.append(action.bytes, action.position - 1));
          break;
        case 'done':
          if (action.count > 0) env.events.emit('log.put_back', { partition, to, count: action.count });
          return;
        default:
          action satisfies never;
      }
    }
  }

  async #look(position: number): Promise<Uint8Array | undefined | 'trimmed'> {
    try {
      const records = await this.#options.log.read(position, lookBytes);
      return records.find((record) => record.position === position)?.bytes;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'LOG_TRIMMED') return 'trimmed';
      throw error;
    }
  }
}
