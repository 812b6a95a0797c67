import { expect, test } from 'vitest';
import { Life, Simulation } from '../engine/simulated/simulation.ts';
import type { StoreWrite } from '../store/store.ts';
import { SimulatedDisk } from './simulated-disk.ts';

const table = 202;

test('a row that was flipped is there until it is written again, be it by chance with the bytes that it was flipped to', async () => {
  const simulation = new Simulation('simulated disk');
  const disk = new SimulatedDisk(simulation, 'n0');
  const write = async (life: string, value: number): Promise<void> => {
    const written = disk.open(new Life(life)).writer.write(0, [[table, 'k', Uint8Array.of(value)]]);
    await simulation.run(simulation.nowMs + 100);
    await written;
  };
  await write('n0.0', 0x8c);
  const flipped = disk.flipRow(0, [table], 0) as StoreWrite;
  expect(flipped).toEqual([table, 'k', Uint8Array.of(0x8d)]);
  expect(disk.holds(0, flipped)).toBe(true);
  disk.end('kill');
  expect(disk.holds(0, flipped)).toBe(true);
  await write('n0.1', 0x8d);
  expect(disk.holds(0, flipped)).toBe(false);
});
