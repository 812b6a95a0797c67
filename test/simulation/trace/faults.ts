/** Faults for a person: where one strikes, and what it is. */
import type { Fault } from '../plan.ts';
import { worldLane } from './lanes.ts';
import { textOf } from './words.ts';

/** The lanes it is about; a fault of everything is one of the world. */
export const lanesOfFault = (fault: Fault): readonly string[] => {
  const lanes: string[] = [];
  if ('node' in fault) lanes.push(`n${fault.node}`);
  if ('end' in fault && !lanes.includes(fault.end)) lanes.push(fault.end);
  if (fault.kind === 'log' || fault.kind === 'logLeader') lanes.push(`log ${fault.partition}`);
  if (fault.kind === 'damageBlob') lanes.push('blobs');
  return lanes.length === 0 ? [worldLane] : lanes;
};

/** Rates that are 0 say nothing. */
export const faultWords = (fault: Fault): string => {
  const { kind, ...rest } = fault;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest))
    if (typeof value === 'object') Object.assign(fields, value);
    else fields[name] = value;
  for (const [name, value] of Object.entries(fields))
    if (value === 0 && !['node', 'partition'].includes(name)) delete fields[name];
  return `${kind} ${textOf(fields)}`.trimEnd();
};
