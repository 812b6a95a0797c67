/** What a person reads of a trace. */
import { expect, test } from 'vitest';
import { Network } from '../../../src/engine/simulated/network.ts';
import { Life, Simulation } from '../../../src/engine/simulated/simulation.ts';
import { describeRegisterMessage } from '../registers/describe.ts';
import { Trace } from './trace.ts';
import { traceLines } from './trace-text.ts';

const bytes = new TextEncoder().encode(
  JSON.stringify({ client: 0, seq: 7, partition: 1, operation: { kind: 'write', key: 'r0', value: 5 } }),
);
const delay = { delayMs: [1, 1] as const, slow: 0, slowMs: 0, reordered: 0, repeated: 0 };

const traced = async (change: (network: Network, life: Life) => void, lost = 0): Promise<readonly string[]> => {
  const simulation = new Simulation('1');
  const trace = new Trace(describeRegisterMessage);
  trace.watch(simulation);
  const network = new Network(simulation, { ...delay, lost });
  const life = new Life('n1.0');
  network.send('c0', 'n1', life, 'to node', bytes, () => simulation.tell('took', 'partition 1'));
  change(network, life);
  await simulation.run(10);
  return traceLines(trace, true).map((line) => line.trim());
};

test('a message is one line that says what it was and what became of it', async () => {
  const sent = '0.000  c0 > n1         to node #7 write r0 = 5 at 1';
  expect(await traced(() => {})).toEqual([`${sent} (arrives 1.000)`, '1.000  n1              took partition 1']);
  expect(await traced(() => {}, 1)).toEqual([`${sent} (lost)`]);
  expect(await traced((network) => network.cut('c0', 'n1'))).toEqual([`${sent} (cut off 1.000)`]);
  expect(await traced((_network, life) => life.end())).toEqual([`${sent} (nobody there at 1.000)`]);
});

test('without messages what happened is left', async () => {
  const simulation = new Simulation('1');
  const trace = new Trace(describeRegisterMessage);
  trace.watch(simulation);
  new Network(simulation).send('c0', 'n1', undefined, 'to node', bytes, () => {});
  trace.happened('n0.2x1', 'snapshot.done', { partition: 3, sizeBytes: 5, error: new Error('none') });
  expect(traceLines(trace, false).map((line) => line.trim())).toEqual([
    '0.000  n0 executors    snapshot.done partition 3, sizeBytes 5, error none',
  ]);
});

test('what nobody can read is shown as that, and ends nothing', () => {
  const simulation = new Simulation('1');
  const trace = new Trace(describeRegisterMessage);
  trace.watch(simulation);
  new Network(simulation).send('c0', 'n1', undefined, 'to node', new Uint8Array([123]), () => {});
  expect(traceLines(trace, true)[0]).toContain('to node not readable: SyntaxError');
});
