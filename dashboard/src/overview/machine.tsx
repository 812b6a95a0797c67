/** What the tasks run on: executors, other threads, logs, partitions with their checkpoints. */
import type { JSX } from 'preact';
import { percentileMs } from '../../../src/protocol/histogram.ts';
import type { ExecutorOverview, LoopDelay, Overview, PartitionOverview } from '../../../src/protocol/overview.ts';
import { formatAge, formatBytes, formatCount, formatMs } from '../format.ts';

/** Above this an event loop is late enough to be looked at. */
const lateMs = 200;

const Delay = ({ delay }: { delay: LoopDelay }): JSX.Element => (
  <td class={`number ${delay.p99Ms > lateMs ? 'state-failed' : ''}`}>{formatMs(delay.p99Ms)}</td>
);

/** Slots in use, one mark each: filled ones are busy. */
const Slots = ({ executor }: { executor: ExecutorOverview }): JSX.Element => (
  <svg
    class="slots"
    width={executor.slots * 9}
    height="12"
    role="img"
    aria-label={`${executor.busy} of ${executor.slots} slots busy`}
  >
    {Array.from({ length: executor.slots }, (_, slot) => (
      <rect
        key={slot}
        x={slot * 9 + 0.5}
        y="1.5"
        width="6"
        height="9"
        rx="1.5"
        class={slot < executor.busy ? 'busy' : 'free'}
      />
    ))}
  </svg>
);

/** Columns; the roomy ones are left out on a phone. */
export const heads = (
  ...names: readonly (readonly [text: string, kind?: 'number' | 'roomy-only' | 'number roomy-only'])[]
): JSX.Element => (
  <thead>
    <tr>
      {names.map(([text, kind]) => (
        <th key={text} scope="col" class={kind}>
          {text}
        </th>
      ))}
    </tr>
  </thead>
);

export const ThreadTable = ({ overview }: { overview: Overview }): JSX.Element => (
  <section aria-labelledby="threads-heading">
    <h2 id="threads-heading">Threads</h2>
    <table>
      {heads(['Thread'], ['Slots'], ['Waiting', 'number'], ['Loop delay p99', 'number'])}
      <tbody>
        {overview.executors.map((executor) => (
          <tr key={executor.executor}>
            <th scope="row">
              executor {executor.executor}
              {executor.silentMs > 0 ? (
                <span class="state-failed"> silent for {formatMs(executor.silentMs)}</span>
              ) : null}
            </th>
            <td>
              <Slots executor={executor} />
            </td>
            <td class="number">{formatCount(executor.waiting)}</td>
            <Delay delay={executor.loopDelay} />
          </tr>
        ))}
        {overview.threads.map(({ name, loopDelay }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td />
            <td />
            <Delay delay={loopDelay} />
          </tr>
        ))}
      </tbody>
    </table>
  </section>
);

const checkpointText = ({ checkpointAt }: PartitionOverview, time: Date): string => {
  if (checkpointAt === undefined) return 'none yet';
  const ms = time.getTime() - checkpointAt.getTime();
  return ms < 1_000 ? 'just now' : `${formatAge(ms)} ago`;
};

export const StorageTables = ({ overview }: { overview: Overview }): JSX.Element => (
  <>
    <section aria-labelledby="partitions-heading">
      <h2 id="partitions-heading">Partitions</h2>
      <table>
        {heads(
          ['Partition'],
          ['Tasks', 'number'],
          ['Kept', 'number roomy-only'],
          ['Position', 'number roomy-only'],
          ['To flush', 'number'],
          ['Checkpoint', 'number'],
        )}
        <tbody>
          {overview.partitions.map((one) => (
            <tr key={one.partition}>
              <th scope="row">
                {one.partition}
                {one.leading ? null : overview.cluster === undefined ? (
                  <span class="state-failed"> not leading</span>
                ) : (
                  <span class="faint"> not led here</span>
                )}
              </th>
              <td class="number">{formatCount(one.tasks)}</td>
              <td class="number roomy-only">{formatCount(one.finished)}</td>
              <td class="number roomy-only">{formatCount(one.position)}</td>
              <td class="number">{formatCount(one.dirtyRows)}</td>
              <td class="number">{checkpointText(one, overview.time)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
    <section aria-labelledby="logs-heading">
      <h2 id="logs-heading">Log</h2>
      <table>
        {heads(
          ['Log'],
          ['Size', 'number'],
          ['Records', 'number roomy-only'],
          ['Syncs', 'number roomy-only'],
          ['Sync p50', 'number'],
          ['p99', 'number'],
        )}
        <tbody>
          {overview.logs.map(({ log, bytes, appends, syncs, syncTime }) => (
            <tr key={log}>
              <th scope="row">{log}</th>
              <td class="number">{formatBytes(bytes)}</td>
              <td class="number roomy-only">{formatCount(appends)}</td>
              <td class="number roomy-only">{formatCount(syncs)}</td>
              <td class="number">{formatMs(percentileMs(syncTime, 0.5) ?? 0)}</td>
              <td class="number">{formatMs(percentileMs(syncTime, 0.99) ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  </>
);
