/**
 * Who looks on at a simulated world, for a person to read later. It changes nothing there: it draws no chance, plans no event
 * and is not in the digest. A world without one makes no texts for it.
 */

/** A message as it is sent; one that is repeated is sent twice. */
export type SentMessage = {
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly bytes: Uint8Array;
  /** What stands for the message beside its bytes: what a request asks for, what a reply tells. */
  readonly about: unknown;
  readonly repeated: boolean;
  /** Undefined: it is lost. */
  readonly arrivesMs: number | undefined;
};

/** What became of it. One that stays under way came when its receiver was no more. */
export type Fate = 'under way' | 'arrived' | 'lost' | 'cut';

export type Watcher = {
  /** `at`: an end of the network or the name of a life; undefined: the world. */
  readonly happened: (at: string | undefined, kind: string, detail: string | Readonly<Record<string, unknown>>) => void;
  /** Its fate is written into what this returns. */
  readonly sent: (message: SentMessage) => { fate: Fate };
};

/** The executors of a node have no end of the network; messages between them and their node are shown all the same. */
export const executorsOf = (node: string): string => `${node} executors`;
