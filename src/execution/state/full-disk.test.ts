/** A full disk, as a client meets it: refused with a clear error, nothing acknowledged is lost, and work goes on by itself. */
import { expect, test } from 'vitest';
import { FaultyDisk, seededPick } from '../../engine/embedded/faulty-files.fixture.ts';
import { openFileBlobs } from '../../engine/embedded/file-blobs.ts';
import { LocalBus } from '../../engine/embedded/local-bus.ts';
import { manualEnv } from '../../engine/embedded/manual-env.fixture.ts';
import { openPhysicalLog, type PhysicalLog } from '../../engine/embedded/physical-log.ts';
import { limits } from '../../limits.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { type Flat, fromClient } from '../../tasks/messages.ts';
import { decodeError, decodeValue, encodeValue } from '../../values/codec.ts';
import { mintTaskId } from '../../values/task-id.ts';
import { StateHost } from './state-host.ts';

const client = 1;

class Rig {
  readonly env = manualEnv();
  readonly disk = new FaultyDisk(seededPick(4));
  readonly store = createMemoryStore();
  /** Answers by request: a value, or an error. */
  readonly answers = new Map<number, unknown>();
  readonly failures: unknown[] = [];
  host!: StateHost;
  log!: PhysicalLog;
  #request = 0;

  async open(): Promise<void> {
    const files = this.disk.start({ fillAheadPays: false });
    this.log = await openPhysicalLog(files, '/log', { env: this.env, segmentBytes: 1024 * 1024, recordBytesMax: 4096 });
    this.host = new StateHost({
      env: this.env,
      partitions: 1,
      log: (partition) => this.log.log(partition),
      reader: this.store.reader(),
      openSnapshotReader: () => this.store.reader(),
      writer: this.store.writer,
      blobs: await openFileBlobs(files, '/blobs'),
      bus: new LocalBus(this.env.timers),
      retentionMs: limits.retentionMs,
      retentionTasks: 1_000,
      previousEnd: 'killed',
      checkpoints: limits,
      stalled: () => this.log.stalled?.code,
      postToExecutor: () => undefined,
      postToClient: (_client, flat) => this.#take(flat),
      soon: (turn) => setImmediate(turn),
      onFailed: (_partition, error) => void this.failures.push(error),
    });
    await this.host.open();
    this.host.addClient(client);
  }

  start(): { readonly request: number; readonly id: string } {
    const request = ++this.#request;
    const id = mintTaskId(request, 1_000, this.env.random.bytes(11));
    this.host.fromClient(client, [
      fromClient.start,
      request,
      id,
      'some',
      encodeValue(1),
      undefined,
      undefined,
      0,
      0,
      0,
    ]);
    return { request, id };
  }

  status(id: string): number {
    const request = ++this.#request;
    this.host.fromClient(client, [fromClient.status, request, id]);
    return request;
  }

  async answer(request: number): Promise<unknown> {
    await this.until(() => this.answers.has(request));
    return this.answers.get(request);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }

  #take(flat: Flat): void {
    for (let at = 0; at < flat.length; at += 4)
      this.answers.set(
        flat[at + 1] as number,
        flat[at + 2] === 1 ? decodeValue(flat[at + 3] as string) : decodeError(flat[at + 3] as string),
      );
  }
}

test('what is started on a full disk is refused with DISK_FULL, what was accepted before is kept, and starts go on when there is space', async () => {
  const rig = new Rig();
  await rig.open();
  const before = rig.start();
  expect(await rig.answer(before.request)).toBe(before.id);

  rig.disk.failWrite = () => 'ENOSPC';
  const during = rig.start();
  for (; rig.log.stalled === undefined; rig.env.advance(10)) await new Promise((resolve) => setImmediate(resolve));
  expect(rig.answers.has(during.request), 'is not acknowledged').toBe(false);
  const refused = rig.start();
  expect(await rig.answer(refused.request), 'while the disk is full').toMatchObject({
    code: 'DISK_FULL',
    retry: 'later',
    details: { retryMs: 1_000 },
  });
  rig.disk.failWrite = () => undefined;
  await rig.until(() => {
    rig.env.advance(100);
    return rig.answers.has(during.request);
  });
  expect(await rig.answer(during.request), 'what waited is done').toBe(during.id);
  const after = rig.start();
  expect(await rig.answer(after.request)).toBe(after.id);

  rig.disk.crash('power');
  await rig.open();
  for (const { id } of [before, during, after]) expect(await rig.answer(rig.status(id))).toMatchObject({ id });
  expect(await rig.answer(rig.status(refused.id))).toBeUndefined();
  expect(rig.failures).toEqual([]);
});
