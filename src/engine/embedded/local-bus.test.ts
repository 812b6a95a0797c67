import { nodeEnv } from '../../platform/node.ts';
import { busConformance } from '../conformance.ts';
import { LocalBus } from './local-bus.ts';

busConformance('LocalBus', async () => {
  const bus = new LocalBus(nodeEnv().timers);
  return { subject: bus, reopen: async () => bus, close: async () => {} };
});
