/** Where a fault strikes. */
import type { Fault } from '../plan.ts';
import { worldLane } from './lanes.ts';

/** The lanes it is about; a fault of everything is one of the world. */
export const lanesOfFault = (fault: Fault): readonly string[] => {
  const lanes: string[] = [];
  if ('node' in fault) lanes.push(`n${fault.node}`);
  if ('end' in fault && !lanes.includes(fault.end)) lanes.push(fault.end);
  if (fault.kind === 'log') lanes.push(`log ${fault.partition}`);
  if (fault.kind === 'damageBlob') lanes.push('blobs');
  return lanes.length === 0 ? [worldLane] : lanes;
};
