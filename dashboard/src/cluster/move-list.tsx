/** What has moved, the newest first, as it happens. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ClusterMove } from '../../../src/protocol/cluster-overview.ts';
import { moveText } from '../../../src/protocol/cluster-words.ts';
import { formatAge, formatCount, formatTime } from '../format.ts';

const rowsShown = 16;
const bad: ReadonlySet<ClusterMove['what']> = new Set(['tookOver', 'dead', 'putBack', 'madeAnew']);

export const MoveList = ({ moves, time }: { moves: readonly ClusterMove[]; time: Date }): JSX.Element => {
  const [all, setAll] = useState(false);
  const shown = all ? moves : moves.slice(0, rowsShown);
  return (
    <section aria-labelledby="moves-heading">
      <h2 id="moves-heading">Moves</h2>
      {moves.length === 0 ? (
        <p class="empty">Nothing has moved since this node began.</p>
      ) : (
        <ol class="moves" aria-live="polite">
          {shown.map((move) => (
            <li key={move.number}>
              <span class={bad.has(move.what) ? 'state-failed' : undefined}>{moveText(move)}</span>
              <time class="faint" dateTime={move.at.toISOString()} title={formatTime(move.at)}>
                {formatAge(time.getTime() - move.at.getTime())}
              </time>
            </li>
          ))}
        </ol>
      )}
      {shown.length === moves.length ? null : (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          All {formatCount(moves.length)} moves
        </button>
      )}
    </section>
  );
};
