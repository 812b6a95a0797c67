/**
 * `npm run bench:peers`: the same work on Tutti and on its peers, in turns, each run in a process of its own. JSON lines on
 * stdout, one a system and scenario, with the ratio of Tutti to it; a table at the end and progress on stderr.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../src/options.ts';
import type { RunLine } from '../src/run-once.ts';
import { type BenchLine, type BenchSettings, lineOf, runOnce, shown } from '../src/run-scenario.ts';
import { comparison, peerTable } from './comparison.ts';
import { findServers, type Server, startPostgres, startRedis } from './servers.ts';

const names = ['tasks-noop', 'task-latency', 'fan-out'];

const systems: Readonly<Record<string, string>> = {
  tutti: import.meta.resolve('../src/scenarios.ts'),
  bullmq: import.meta.resolve('./bullmq.ts'),
  'graphile-worker': import.meta.resolve('./graphile-worker.ts'),
  piscina: import.meta.resolve('./piscina.ts'),
};

const help = `Usage: npm run bench:peers -- [NAME…] [--runs 3] [--partitions 1] [--scale 1] [--data DIR]

Runs ${names.join(', ')} on Tutti, BullMQ (Redis), graphile-worker (PostgreSQL) and piscina, in turns.
Needs Debian's servers: apt-get install -y redis-server postgresql
`;

const packageVersion = (name: string): string => {
  const file = join(import.meta.dirname, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

const compare = async (scenarios: readonly string[], runs: number, bench: BenchSettings): Promise<void> => {
  const programs = findServers();
  const servers: Server[] = [];
  const stopServers = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      process.stderr.write('\nStopping the servers.\n');
      void stopServers().finally(() => process.exit(130));
    });
  try {
    const redis = await startRedis(programs, bench.data);
    servers.push(redis);
    const postgres = await startPostgres(programs, bench.data);
    servers.push(postgres);
    process.env['TUTTI_BENCH_REDIS_PORT'] = String(redis.port);
    process.env['TUTTI_BENCH_POSTGRES'] = `postgres://bench@127.0.0.1:${postgres.port}/postgres`;
    const versions: Readonly<Record<string, object>> = {
      bullmq: { bullmq: packageVersion('bullmq'), ioredis: packageVersion('ioredis'), redis: redis.version },
      'graphile-worker': { 'graphile-worker': packageVersion('graphile-worker'), postgresql: postgres.version },
      piscina: { piscina: packageVersion('piscina') },
    };
    const lines: BenchLine[] = [];
    for (const name of scenarios) {
      const measured = await inTurns(name, runs, bench);
      const ours = lineOf(name, measured.get('tutti') ?? [], bench);
      for (const [system, of] of measured) {
        const theirs = lineOf(name, of, bench);
        const line: BenchLine = {
          ...theirs,
          system,
          versions: { ...(theirs['versions'] as object), ...versions[system] },
          ...(system === 'tutti' ? {} : { tutti_ratio: comparison(ours, theirs) }),
        };
        lines.push(line);
        process.stdout.write(`${JSON.stringify(line)}\n`);
      }
    }
    process.stderr.write(`\n${peerTable(lines)}\n`);
  } finally {
    await stopServers();
  }
};

/** Every system once, then every system again: what the machine does meanwhile meets them all. */
const inTurns = async (
  name: string,
  runs: number,
  bench: BenchSettings,
): Promise<ReadonlyMap<string, readonly RunLine[]>> => {
  const measured = new Map<string, RunLine[]>();
  for (let run = 1; run <= runs; run++)
    for (const [system, registry] of Object.entries(systems)) {
      process.stderr.write(`${name} on ${system}: run ${run} of ${runs} … `);
      const line = await runOnce(registry, name, undefined, bench);
      process.stderr.write(`${shown(line)}\n`);
      measured.set(system, [...(measured.get(system) ?? []), line]);
    }
  return measured;
};

try {
  const options = readOptions(process.argv.slice(2), names);
  if (options === undefined) process.stdout.write(help);
  else await compare(options.names, options.runs, options.bench);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
