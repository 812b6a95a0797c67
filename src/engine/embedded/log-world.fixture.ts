/** A physical log over a faulty disk, for tests that look at single rules. */
import type { AppendResult, Log } from '../engine.ts';
import { FaultyDisk, type FinishedWrite, seededPick } from './faulty-files.fixture.ts';
import { type ManualEnv, manualEnv } from './manual-env.fixture.ts';
import { openPhysicalLog, type PhysicalLog, type PhysicalLogSettings } from './physical-log.ts';

export const logFolder = '/log';

const settings = { segmentBytes: 128 * 1024, zeroAheadBytes: 16 * 1024, recordBytesMax: 100_000 };

export class LogWorld {
  readonly disk: FaultyDisk;
  /** Every write that came to an end, failed or not. */
  readonly writes: Omit<FinishedWrite, 'bytes'>[] = [];
  readonly env: ManualEnv;
  readonly #settings: Partial<PhysicalLogSettings>;
  physical!: PhysicalLog;

  private constructor(seed: number, more: Partial<PhysicalLogSettings>) {
    this.disk = new FaultyDisk(seededPick(seed));
    this.disk.onWritten = ({ file, at }) => this.writes.push({ file, at });
    this.env = manualEnv(seed);
    this.#settings = { ...settings, ...more };
  }

  static async open(more: Partial<PhysicalLogSettings> = {}, seed = 1): Promise<LogWorld> {
    const world = new LogWorld(seed, more);
    await world.reopen();
    return world;
  }

  /** Opens the log in a new process; the one before is gone. */
  async reopen(): Promise<void> {
    this.physical = await openPhysicalLog(this.disk.start(), logFolder, { env: this.env, ...this.#settings });
  }

  log(number = 0): Log {
    return this.physical.log(number);
  }

  /** Appends texts or bytes right after what is there. */
  async append(...contents: readonly (string | Uint8Array)[]): Promise<readonly AppendResult[]> {
    const end = await this.log().end();
    return await Promise.all(contents.map((content, index) => this.log().append(Buffer.from(content), end + index)));
  }

  /** All that a log holds, as text. */
  async contents(number = 0): Promise<readonly string[]> {
    const found: string[] = [];
    const start = await this.log(number).start();
    const end = await this.log(number).end();
    while (start + found.length <= end) {
      for (const { bytes } of await this.log(number).read(start + found.length))
        found.push(Buffer.from(bytes).toString('latin1'));
    }
    return found;
  }

  /** Lets all calls under way come to their end. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Segment files in use, by name. */
  segments(): readonly string[] {
    return this.disk.names().filter((name) => name.endsWith('.seg'));
  }

  /** The names of the events emitted so far. */
  events(): readonly string[] {
    return this.env.emitted.map(({ name }) => name);
  }
}
