/**
 * Who holds a slot. An attempt that runs holds one; one that waits for steps holds none.
 */

import type { Env } from '../../platform/env.ts';
import type { Attempt } from './attempt.ts';
import type { Deadlines } from './deadlines.ts';

/** No new attempt starts while so many wait only until results of theirs are durable: their latency would grow for nothing. */
const recordingMax = 256;

export class Slots {
  private readonly env: Env;
  private readonly deadlines: Deadlines;
  private readonly count: number;
  running = 0;
  private soloRunning = false;
  /** Attempts that compute in slices: they leave no time to others, however quickly the loop turns. */
  private slicing = 0;
  /** Attempts without a slot that wait until a result of theirs is durable. */
  private recording = 0;

  constructor(env: Env, deadlines: Deadlines, count: number) {
    this.env = env;
    this.deadlines = deadlines;
    this.count = count;
  }

  /** Whether an attempt that has begun before can go on. */
  mayGoOn(attempt: Attempt): boolean {
    if (this.running === 0) return true;
    return !attempt.solo && !this.soloRunning && this.running < this.count;
  }

  /** Whether a new attempt can start: `alone` if nothing runs, `beside` if the event loop is quick enough. */
  mayStart(attempt: Attempt): 'alone' | 'beside' | undefined {
    if (this.recording >= recordingMax) return undefined;
    if (this.running === 0) return 'alone';
    return this.mayGoOn(attempt) && this.slicing === 0 ? 'beside' : undefined;
  }

  /** Whether what runs leaves no room for others. */
  get crowded(): boolean {
    return this.soloRunning || this.slicing > 0;
  }

  take(attempt: Attempt, nowMs: number): void {
    if (attempt.phase === 'running') return;
    attempt.phase = 'running';
    attempt.sinceMs = nowMs;
    this.running++;
    this.setRecording(attempt, false);
    if (attempt.solo) this.soloRunning = true;
    this.deadlines.moved(attempt);
  }

  giveBack(attempt: Attempt): void {
    if (attempt.phase !== 'running') return;
    attempt.heldMs += this.env.clock.monotonic() - attempt.sinceMs;
    attempt.phase = 'waiting';
    this.running--;
    this.setRecording(attempt, attempt.recordsOpen > 0);
    if (attempt.solo) this.soloRunning = false;
    this.deadlines.moved(attempt);
  }

  /** The attempt ends. */
  leave(attempt: Attempt): void {
    this.giveBack(attempt);
    this.setRecording(attempt, false);
  }

  /** How long the attempt has held a slot, in milliseconds. */
  heldMs(attempt: Attempt): number {
    return attempt.heldMs + (attempt.phase === 'running' ? this.env.clock.monotonic() - attempt.sinceMs : 0);
  }

  beginSlice(attempt: Attempt): void {
    attempt.busy = true;
    this.slicing++;
  }

  endSlice(attempt: Attempt): void {
    attempt.busy = false;
    this.slicing--;
  }

  private setRecording(attempt: Attempt, recording: boolean): void {
    if (attempt.recording === recording) return;
    attempt.recording = recording;
    this.recording += recording ? 1 : -1;
  }
}
