/** Addresses of other nodes' gateways as clients are told them: those of their WebSockets, and no more than clients keep. */
import { socketAddress } from '../client/addresses.ts';
import * as clientLimits from '../client-limits.ts';
import type { Backend } from './backend.ts';

export const clientAddresses = (backend: Backend): string[] =>
  backend.addresses().slice(0, clientLimits.clientAddressesMax).map(socketAddress);
