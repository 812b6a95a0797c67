import { blobsConformance, busConformance, type Harness, logConformance } from '../conformance.ts';
import { calmLog, LogService } from './log-service.ts';
import { calmNetwork, Network } from './network.ts';
import type { Place } from './place.ts';
import { BlobService, SimulatedBlobs } from './simulated-blobs.ts';
import { BusService, SimulatedBus } from './simulated-bus.ts';
import { SimulatedLog } from './simulated-log.ts';
import { Life, Simulation } from './simulation.ts';

/** A world that goes on by itself, and a thing in it as each new life of a node sees it. */
const inAWorld = <T>(seed: string, make: (simulation: Simulation, network: Network) => (place: Place) => T) => {
  return async (): Promise<Harness<T>> => {
    const simulation = new Simulation(seed);
    const network = new Network(simulation, { ...calmNetwork, delayMs: [0.1, 3] });
    const open = make(simulation, network);
    let closed = false;
    const running = (async () => {
      while (!closed) {
        await simulation.run(Number.POSITIVE_INFINITY);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    let life = new Life('node');
    const inNewLife = (): T => {
      life.end();
      life = new Life('node');
      return open({ simulation, network, life, end: 'node' });
    };
    return {
      subject: inNewLife(),
      reopen: async () => inNewLife(),
      close: async () => {
        closed = true;
        await running;
      },
    };
  };
};

logConformance(
  'a simulated log',
  inAWorld('log', (simulation) => {
    const service = new LogService(simulation, '0');
    service.faults = { ...calmLog, stale: 0.2, staleRecords: 3 };
    return (place) => new SimulatedLog(place, '0', service);
  }),
);

blobsConformance(
  'simulated blobs',
  inAWorld('blobs', () => {
    const service = new BlobService();
    return (place) => new SimulatedBlobs(place, service);
  }),
);

busConformance(
  'a simulated bus',
  inAWorld('bus', () => {
    const service = new BusService();
    return (place) => new SimulatedBus(place, service);
  }),
);
