/**
 * Memory of this process as Linux tells it. Pages of the store's file that are mapped count as resident too, and leave whenever
 * somebody else needs the room; `anonMb` is what the process itself holds.
 */
import { readFileSync } from 'node:fs';

export const residentMemory = (): { readonly anonMb: number; readonly fileMb: number } => {
  const text = readFileSync('/proc/self/status', 'utf8');
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return { anonMb: megabytes('RssAnon'), fileMb: megabytes('RssFile') };
};
