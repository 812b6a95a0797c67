/** What a physical log has written since it was opened. */
import { DurationCounts } from '../../platform/histogram.ts';

export class LogCounters {
  /** Records, and whatever else was offered to it. */
  appends = 0;
  /** Frames, each with one sync. */
  syncs = 0;
  /** With what fills up the last block of each frame. */
  bytes = 0;
  readonly syncTime = new DurationCounts();

  written(entries: number, bytes: number, ms: number): void {
    this.appends += entries;
    this.syncs++;
    this.bytes += bytes;
    this.syncTime.add(ms);
  }
}
