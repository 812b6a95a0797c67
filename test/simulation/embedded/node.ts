/**
 * A process over the embedded engine, as the state thread wires it: one physical log that carries all partitions, blobs in files,
 * a bus within the thread. Its disk stays when it ends. What runs on top is another workload's program.
 */
import { openFileBlobs } from '../../../src/engine/embedded/file-blobs.ts';
import { LocalBus } from '../../../src/engine/embedded/local-bus.ts';
import { openPhysicalLog, type PhysicalLog } from '../../../src/engine/embedded/physical-log.ts';
import type { Blobs } from '../../../src/engine/engine.ts';
import { limits } from '../../../src/limits.ts';
import type { NodeContext, NodeProgram, StartProgram } from '../node.ts';
import type { RegisterProgram } from '../registers/node.ts';
import type { World } from '../world.ts';
import { blobFolder, logFolder } from './drive.ts';
import { LogWitness } from './log-witness.ts';
import type { EmbeddedSettings } from './plan.ts';

const witnesses = new WeakMap<World, LogWitness>();

const witnessOf = (world: World): LogWitness => {
  const witness = witnesses.get(world) ?? new LogWitness(world);
  witnesses.set(world, witness);
  return witness;
};

type Open = { readonly program: RegisterProgram; readonly log: PhysicalLog };

export const embedded =
  (start: (context: NodeContext) => RegisterProgram): StartProgram =>
  (context): NodeProgram => {
    const { world, drive, place, env } = context;
    const { fillAheadPays, log: logSettings } = world.plan.embedded as EmbeddedSettings;
    const witness = witnessOf(world);
    const files = drive.open(place.life, fillAheadPays);
    let open: Open | undefined;

    const openAll = async (): Promise<Open> => {
      drive.opens();
      const log = await openPhysicalLog(files, logFolder, { env, ...logSettings });
      drive.opened();
      const logs = world.landed.map((_, partition) =>
        witness.of(partition, log.log(partition), (logStart) =>
          world.checkRestorable(partition, logStart, drive.blobs()),
        ),
      );
      for (const [partition, one] of logs.entries()) await witness.opened(partition, one);
      const blobs = await openFileBlobs(files, blobFolder);
      const bus = new LocalBus(env.timers);
      const program = start({ ...context, log: (partition) => logs[partition]!, blobs: watched(blobs, context), bus });
      return { program, log };
    };

    const begin = async (): Promise<void> => {
      try {
        open = await openAll();
      } catch (error) {
        world.exited(place.end, error);
      }
    };

    /** Closes as the state thread does, and opens again in the same process. */
    const openAgain = async ({ program, log }: Open): Promise<void> => {
      open = undefined;
      world.count('closed and opened again');
      const closed = program.close();
      await Promise.race([closed, new Promise<void>((resolve) => env.timers.after(limits.closeWaitMs, resolve))]);
      await log.close();
      await closed;
      await begin();
    };

    void begin();

    return {
      claim: (partition) => open?.program.claim(partition),
      epoch: (partition) => open?.program.epoch(partition) ?? 0,
      // Nobody else could lead while it opens.
      busyWith: (partition) => open?.program.busyWith(partition) ?? true,
      disturb: () => {
        if (open !== undefined) void openAgain(open);
      },
      nodeEnded: () => {},
      stall: () => {},
      inCheckpoint: () => open?.program.inCheckpoint() ?? false,
      rows: (partition) => open?.program.rows(partition),
      underWay: (partition) => (open === undefined ? 'it is being opened' : open.program.underWay(partition)),
      receive: (from, message) => open?.program.receive(from, message),
    };
  };

/** Blobs that are looked at whenever one is taken away. */
const watched = (blobs: Blobs, { world, drive }: NodeContext): Blobs => ({
  put: (name, bytes) => blobs.put(name, bytes),
  get: (name) => blobs.get(name),
  list: (prefix) => blobs.list(prefix),
  delete: async (name) => {
    await blobs.delete(name);
    const partition = Number(name.split('/')[1]);
    world.checkRestorable(partition, witnessOf(world).start(partition), drive.blobs());
  },
});
