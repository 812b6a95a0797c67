/** Which things a person wants to see. */
import type { Model, Thing } from './model.ts';

export type Filter = {
  /** Lanes of which a thing must touch one; empty: any. */
  readonly lanes: Set<number>;
  /** As a set of bits; 0: any. */
  partitions: number;
  readonly hiddenKinds: Set<number>;
  text: string;
  /** Of messages only those that did not arrive. */
  troubleOnly: boolean;
};

export const newFilter = (): Filter => ({
  lanes: new Set(),
  partitions: 0,
  hiddenKinds: new Set(),
  text: '',
  troubleOnly: false,
});

/** What is left of the things. An event that is about no partition concerns all of them; a message does not. */
export const filtered = ({ run, things }: Model, filter: Filter): readonly Thing[] => {
  const text = filter.text.trim().toLowerCase();
  const has = (words: readonly string[]): readonly boolean[] =>
    words.map((word) => text === '' || word.toLowerCase().includes(text));
  const kinds = has(run.kinds);
  const texts = has(run.texts);
  const lanes = has(run.lanes);
  return things.filter((thing) => {
    const { from, to, kind, partitions, arrivesUs, fate } = thing;
    const isMessage = arrivesUs !== undefined;
    if (filter.hiddenKinds.has(kind)) return false;
    if (filter.troubleOnly && isMessage && fate === 'arrived') return false;
    if (filter.lanes.size > 0 && !filter.lanes.has(from) && !filter.lanes.has(to)) return false;
    if (filter.partitions !== 0 && (partitions & filter.partitions) === 0 && (isMessage || partitions !== 0))
      return false;
    return kinds[kind] || texts[thing.text] || lanes[from] || lanes[to];
  });
};
