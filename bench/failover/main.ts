/**
 * `npm run bench:failover`: what callers notice when nodes and NATS servers of a cluster on this machine are drained, killed and stopped.
 * Prints one JSON line for each kind; ends with 1 if something acknowledged was lost. See `../README.md`.
 */
import { parseArgs } from 'node:util';
import { makeBenchFolder, removeBenchFolder } from '../src/disk.ts';
import { type Kind, kinds, playRound, type Round } from '../src/failover/kinds.ts';
import { machineCpuSeconds } from '../src/machine.ts';
import { percentile, rounded } from '../src/measure.ts';

const names = kinds.map(({ name }) => name);
const help = `Usage: npm run bench:failover -- [KIND…] [--events 30] [--pause 5] [--partitions 3] [--data DIR]

  npm run bench:failover                        thirty of each kind: about half an hour
  npm run bench:failover -- move --events 3     a quick look
  npm run bench:failover -- move --pause 50     callers that pause for 50 ms between two calls: less load

Kinds: ${names.join(', ')}. It needs a NATS server: npm run setup:nats.
`;
const eventsPerCluster = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    events: { type: 'string', default: '30' },
    pause: { type: 'string', default: '5' },
    partitions: { type: 'string', default: '3' },
    data: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const [events, pauseMs, partitions] = [values.events, values.pause, values.partitions].map(Number) as [
  number,
  number,
  number,
];
const stranger = positionals.find((name) => !names.includes(name));

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const play = async (kind: Kind): Promise<void> => {
  const rounds: Round[] = [];
  const [beganMs, cpu] = [performance.now(), machineCpuSeconds()];
  for (let left = events; left > 0; left -= eventsPerCluster) {
    const folder = makeBenchFolder(values.data);
    const removeFolder = (): void => removeBenchFolder(folder);
    process.once('exit', removeFolder);
    const round = await playRound(kind, Math.min(left, eventsPerCluster), pauseMs, {
      folder,
      partitions,
      executors: 1,
    });
    process.off('exit', removeFolder);
    removeFolder();
    rounds.push(round);
    const waited = round.outcomes.map(({ waits }) => waits.map(Math.round).join(' ')).join('; ');
    process.stderr.write(`${kind.name}: ${waited} ms, ${round.lost} lost, ${round.ranTwice} ran twice\n`);
  }
  const outcomes = rounds.flatMap((round) => round.outcomes);
  const waits = Float64Array.from(outcomes.flatMap((outcome) => outcome.waits));
  const calm = Float64Array.from(outcomes.map(({ calmMs }) => calmMs));
  const unled = Float64Array.from(outcomes.flatMap((outcome) => outcome.unled));
  const returns = Float64Array.from(outcomes.flatMap(({ returnMs }) => returnMs ?? []));
  const sum = (of: (round: Round) => number): number => rounds.reduce((all, round) => all + of(round), 0);
  const lost = sum((round) => round.lost);
  const line = {
    name: kind.name,
    events,
    each: kind.each,
    n: waits.length,
    p50_ms: rounded(percentile(waits, 0.5)),
    p99_ms: rounded(percentile(waits, 0.99)),
    max_ms: rounded(Math.max(...waits)),
    ...(unled.length > 0 && {
      unled: unled.length,
      unled_p50_ms: rounded(percentile(unled, 0.5)),
      unled_p99_ms: rounded(percentile(unled, 0.99)),
      unled_max_ms: rounded(Math.max(...unled)),
    }),
    aim_ms: kind.aimMs,
    calm_p50_ms: rounded(percentile(calm, 0.5)),
    calm_max_ms: rounded(Math.max(...calm)),
    return_p50_ms: rounded(percentile(returns, 0.5)),
    return_max_ms: rounded(Math.max(...returns)),
    calls: sum((round) => round.calls),
    lost,
    ran_twice: sum((round) => round.ranTwice),
    machine_cores: rounded((machineCpuSeconds() - cpu) / ((performance.now() - beganMs) / 1_000)),
    pause_ms: pauseMs,
    partitions,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (lost > 0) process.exitCode = 1;
};

if (values.help) process.stdout.write(help);
else if (stranger !== undefined || !(events >= 1) || !(pauseMs >= 0) || !(partitions >= 1)) {
  process.stderr.write(
    `${stranger === undefined ? 'Events and partitions are 1 or more, and a pause is milliseconds.' : `There is no kind "${stranger}".`}\n\n${help}`,
  );
  process.exitCode = 2;
} else for (const kind of kinds) if (positionals.length === 0 || positionals.includes(kind.name)) await play(kind);
