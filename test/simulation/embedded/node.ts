/**
 * A process over the embedded engine, as the state thread wires it: one physical log that carries all partitions, blobs in files,
 * a bus within the thread. Its disk stays when it ends. What runs on top is another workload's program.
 */
import { openFileBlobs } from '../../../src/engine/embedded/file-blobs.ts';
import { LocalBus } from '../../../src/engine/embedded/local-bus.ts';
import { openPhysicalLog, type PhysicalLog } from '../../../src/engine/embedded/physical-log.ts';
import { limits } from '../../../src/limits.ts';
import type { NodeContext, NodeProgram, StartProgram } from '../node.ts';
import type { World } from '../world.ts';
import { blobFolder, logFolder } from './drive.ts';
import { EngineWitness } from './engine-witness.ts';
import type { EmbeddedSettings } from './plan.ts';

const witnesses = new WeakMap<World, EngineWitness>();

/** The witness of a world, which stays over all lives of its process. */
export const witnessOf = (world: World): EngineWitness => {
  const witness = witnesses.get(world) ?? new EngineWitness(world);
  witnesses.set(world, witness);
  return witness;
};

/** `close` lets go of everything, so that it can be opened again in the same process. */
type Program = NodeProgram & { readonly close?: () => Promise<void> };
type Open = { readonly program: Program; readonly log: PhysicalLog };

export const embedded =
  (start: (context: NodeContext) => Program): StartProgram =>
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
        witness.ofLog(partition, log.log(partition), (logStart) =>
          world.checkRestorable(partition, logStart, drive.blobs()),
        ),
      );
      for (const [partition, one] of logs.entries()) await witness.openedLog(partition, one);
      const fileBlobs = await openFileBlobs(files, blobFolder);
      await witness.openedBlobs(fileBlobs);
      const blobs = witness.ofBlobs(fileBlobs, (partition, logStart) =>
        world.checkRestorable(partition, logStart, drive.blobs()),
      );
      const bus = new LocalBus(env.timers);
      const program = start({ ...context, log: (partition) => logs[partition]!, blobs, bus });
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
    const openAgain = async (log: PhysicalLog, close: () => Promise<void>): Promise<void> => {
      open = undefined;
      world.count('closed and opened again');
      const closed = close();
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
      disturb: (pick) => {
        if (open?.program.close === undefined) open?.program.disturb(pick);
        else void openAgain(open.log, open.program.close);
      },
      nodeEnded: () => {},
      stall: () => {},
      inCheckpoint: () => open?.program.inCheckpoint() ?? false,
      rows: (partition) => open?.program.rows(partition),
      underWay: (partition) => (open === undefined ? 'it is being opened' : open.program.underWay(partition)),
      receive: (from, message) => open?.program.receive(from, message),
    };
  };
