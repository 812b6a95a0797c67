/**
 * Which run of a node led each partition last, as far as this run knows, and whether that one has ended: whoever claims a partition
 * holds its attempts against the end of that process, and only against an end (N2 in `member.ts`).
 *
 * A node that comes back may be the first to claim what it led. Nobody tells it that its last run has ended: others are told when a
 * connection closes, and perhaps there are none. It knows by the map, where that run stands in its own place. Without that a task
 * that ends its process would end it again and again where its node is alone.
 */
import { type ClusterMap, type MemberInfo, takesPart } from './cluster-map.ts';

export class LastLeaders {
  readonly #self: Pick<MemberInfo, 'id' | 'token'>;
  readonly #ended = new Set<string>();
  /** The run that each partition was led by last. */
  readonly #ledBy = new Map<number, string>();
  #joined = false;

  constructor(self: Pick<MemberInfo, 'id' | 'token'>) {
    this.#self = self;
  }

  /** The process of this run has ended. */
  runEnded(token: string): void {
    this.#ended.add(token);
  }

  hasEnded(token: string): boolean {
    return this.#ended.has(token);
  }

  leads(partition: number, token: string): void {
    this.#ledBy.set(partition, token);
  }

  /** Takes a new map. Ended runs are forgotten once it does not name them and they led nothing last. */
  follow(map: ClusterMap): void {
    const { id, token } = this.#self;
    const own = map.members.find((member) => member.id === id);
    if (own?.token === token) this.#joined = true;
    else if (own !== undefined && !this.#joined) {
      this.#ended.add(own.token);
      for (const [partition, { leader }] of map.partitions.entries())
        if (leader === id && !this.#ledBy.has(partition)) this.#ledBy.set(partition, own.token);
    }
    const named = new Set(map.members.flatMap((member) => (takesPart(member) ? [member.token] : [])));
    for (const run of this.#ended)
      if (!named.has(run) && ![...this.#ledBy.values()].includes(run)) this.#ended.delete(run);
  }

  /** The process of whoever led it last has ended. */
  leaderEnded(partition: number): boolean {
    return this.#ended.has(this.#ledBy.get(partition) ?? '');
  }
}
