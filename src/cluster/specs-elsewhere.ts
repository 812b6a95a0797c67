/**
 * Asks other nodes over the bus for what the start of a task needs that this node's app lacks, and answers others that ask. Whom to
 * ask, and when to give up, is decided in `spec-ask.ts`.
 */
import type { Bus } from '../engine/engine.ts';
import { limits } from '../limits.ts';
import type { Env } from '../platform/env.ts';
import type { ClusterMap, Member, MemberInfo } from './cluster-map.ts';
import { membersWith, namesOfOthers, SpecAsk } from './spec-ask.ts';
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  type SpecAnswer,
  type SpecQuestion,
} from './spec-message.ts';

/** What came of a question. */
export type SpecOutcome =
  | Exclude<SpecAnswer, { kind: 'cannot' }>
  /**
   * Nobody has said it. `silent`: members that have the task, were asked, and gave no answer; `names`: tasks that other members that are
   * there have.
   */
  | { readonly kind: 'none'; readonly silent: readonly string[]; readonly names: readonly string[] };

export type SpecsElsewhereOptions = {
  readonly self: Pick<MemberInfo, 'id' | 'token'>;
  readonly bus: Bus;
  readonly env: Env;
  readonly map: () => ClusterMap | undefined;
  /** The run of this token is heard. */
  readonly hears: (token: string) => boolean;
  /** Answers for this node's own app. */
  readonly answer: (question: SpecQuestion) => Promise<SpecAnswer>;
};

const times = { askMs: limits.specAskMs, waitMs: limits.specWaitMs };

const subjectOf = (run: string): string => `spec/${run}`;

export class SpecsElsewhere {
  readonly #options: SpecsElsewhereOptions;
  readonly #stopAnswering: () => void;
  readonly #cancels = new Set<() => void>();
  #turn = 0;
  #closed = false;

  constructor(options: SpecsElsewhereOptions) {
    this.#options = options;
    const { self, bus, answer } = options;
    this.#stopAnswering = bus.respond(subjectOf(self.token), async (bytes) => {
      const question = decodeQuestion(bytes);
      return encodeAnswer(question === undefined ? { kind: 'cannot' } : await answer(question));
    });
  }

  /** Settles within `specWaitMs`; never once this was closed. */
  ask(question: SpecQuestion): Promise<SpecOutcome> {
    const { env, self, map, hears } = this.#options;
    const now = (): number => env.clock.monotonic();
    const ask = new SpecAsk(now(), times);
    const bytes = encodeQuestion(question);
    const order = this.#turn++;
    const names = new Map<string, string>();
    const isThere = ({ token }: Member): boolean => hears(token);
    return new Promise((resolve) => {
      let over = false;
      let cancel = (): void => undefined;
      const end = (outcome: SpecOutcome): void => {
        over = true;
        cancel();
        resolve(outcome);
      };
      const turn = (): void => {
        cancel();
        while (!over && !this.#closed) {
          const known = map();
          const having = known === undefined ? [] : membersWith(known, question.name, self.id, isThere, order);
          for (const { id, token } of having) names.set(token, id);
          const decision = ask.decide(
            having.map(({ token }) => token),
            now(),
          );
          switch (decision.kind) {
            case 'ask':
              void this.#request(decision.run, bytes, ask.endMs - now()).then((answer) => {
                if (over || answer === undefined) return;
                if (answer.kind !== 'cannot') end(answer);
                else {
                  ask.cannot(decision.run);
                  turn();
                }
              });
              break;
            case 'wait':
              cancel = this.#after(decision.untilMs - now(), turn);
              return;
            case 'giveUp':
              end({
                kind: 'none',
                silent: decision.silent.map((run) => names.get(run) ?? run),
                names: known === undefined ? [] : namesOfOthers(known, self.id, isThere),
              });
              break;
            default:
              decision satisfies never;
          }
        }
      };
      turn();
    });
  }

  close(): void {
    this.#closed = true;
    this.#stopAnswering();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** Undefined: it does not answer. */
  async #request(run: string, bytes: Uint8Array, timeoutMs: number): Promise<SpecAnswer | undefined> {
    try {
      return decodeAnswer(await this.#options.bus.request(subjectOf(run), bytes, timeoutMs));
    } catch {
      return undefined;
    }
  }

  /** Whole milliseconds, or a timer that fires a little early would be set again and again. */
  #after(ms: number, fire: () => void): () => void {
    const cancel = this.#options.env.timers.after(Math.max(1, Math.ceil(ms)), () => {
      this.#cancels.delete(cancel);
      fire();
    });
    this.#cancels.add(cancel);
    return () => {
      this.#cancels.delete(cancel);
      cancel();
    };
  }
}
