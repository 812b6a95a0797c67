/**
 * Seeds that once broke a law, with what it was. What a seed means changes with `plan.ts`: one that is added there says what was
 * wrong, and goes on as one more seed.
 */
export type Regression = { readonly workload: string; readonly seed: number; readonly was: string };

export const regressions: readonly Regression[] = [
  {
    workload: 'registers',
    seed: 324,
    was: 'a restore took a snapshot that was dropped meanwhile for the last one there is',
  },
  {
    workload: 'registers',
    seed: 690,
    was: 'the end of a shared log, a hint that lags, was taken for a proof of damage',
  },
  {
    workload: 'registers',
    seed: 871,
    was: 'the note beside a marker in the memory store was a view of bytes that changed later',
  },
  {
    workload: 'registers',
    seed: 946,
    was: 'a chunk that was deleted during a restore was unpacked as if it were there',
  },
  {
    workload: 'registers',
    seed: 117,
    was: 'records were put back into a log that was made anew, behind a record that was not its own',
  },
  {
    workload: 'registers',
    seed: 100_021,
    was: 'a node that had lost its disk took what stood in a log made anew for a copy of an acknowledged record',
  },
  {
    workload: 'registers',
    seed: 100_145,
    was: 'a node that found nothing of its own in a log claimed it as a new one, though others knew its records',
  },
  {
    workload: 'registers',
    seed: 100_884,
    was: 'a leader appended at a position that was still to be put back',
  },
  {
    workload: 'registers',
    seed: 100_827,
    was: 'what a deposed leader wrote last, and counts for nothing, was taken for an acknowledged record that was lost',
  },
  {
    workload: 'registers',
    seed: 301_465,
    was: 'a claim trusted in the end of the log, a hint, and waited for ever for records that were lost',
  },
  {
    workload: 'registers',
    seed: 251,
    was: 'a store that was found damaged was not filled again, as the snapshots from before the damage were gone by then',
  },
  { workload: 'tasks', seed: 20, was: 'record time that was ahead of the clock stood still' },
  { workload: 'tasks', seed: 100_316, was: 'messages for a fenced partition kept the state thread in an endless loop' },
  {
    workload: 'tasks',
    seed: 300_382,
    was: 'a state host that was closed while it opened went on opening, and cleared the store of its successor',
  },
  {
    workload: 'tasks',
    seed: 276_519_412,
    was: 'a client asked again for each refusal, and of refusals that came twice there were ever more',
  },
  {
    workload: 'cluster-tasks',
    seed: 761_812_804,
    was: 'two nodes that met again each began a new session because the other had, for ever, and twice for what came twice',
  },
  {
    workload: 'cluster-tasks',
    seed: 883_162_442,
    was: 'once a message between nodes was lost, each that followed arrived only when it was sent again, for ever',
  },
  {
    workload: 'cluster-tasks',
    seed: 358_713_061,
    was: 'the end of a process was held against an innocent task that had been there often, and never against the guilty one beside it',
  },
  {
    workload: 'cluster-tasks',
    seed: 627_414_760,
    was: 'a node of the workload said that it follows what it was closing, and was told to claim it again and again',
  },
  {
    workload: 'cluster',
    seed: 160_929_888,
    was: 'a new leader took a snapshot of an older state than the newest one, and had the log trimmed behind the only one of use',
  },
  {
    workload: 'cluster',
    seed: 579_453_515,
    was: 'a run that joined after one whose joining was lost with the log of maps was never heard, and declared dead again and again',
  },
  {
    workload: 'registers',
    seed: 422,
    was: 'a digest made before a damaged row was overwritten was taken for a new damage',
  },
  {
    workload: 'cluster',
    seed: 70,
    was: 'a run of a node took an earlier one, in a map that was put back, for another process of its name and stepped aside',
  },
  {
    workload: 'cluster-tasks',
    seed: 10_008,
    was: 'rows of a checkpoint that was cut short were taken for the state once an earlier checkpoint was flushed over them',
  },
  {
    workload: 'cluster-tasks',
    seed: 55,
    was: 'events that nodes have for each other at rest were counted as a leak in a cluster of 23 nodes',
  },
  {
    workload: 'cluster',
    seed: 188_854_866,
    was: 'two runs of a node that joined under one number, because a map was lost, were taken for one that had been there for long',
  },
  {
    workload: 'cluster-tasks',
    seed: 510_048,
    was: 'a claim that waited for executors was made when its partition had long been handed over and dropped',
  },
  {
    workload: 'cluster-tasks',
    seed: 35_874_530,
    was: 'a node that came back and claimed what it had led did not know that its last run had ended, and a task ended it for ever',
  },
  {
    workload: 'cluster-tasks',
    seed: 35_874_575,
    was: 'a run that joined after maps were lost was found steady by the heartbeats of one from before, and given partitions too soon',
  },
  {
    workload: 'embedded',
    seed: 26,
    was: 'a segment whose name could not be taken away was passed over, and the log could not be opened any more',
  },
  {
    workload: 'embedded',
    seed: 250_440_580,
    was: 'a flipped bit in a frame that stood twice cut off the acknowledged one behind it, instead of being told',
  },
  {
    workload: 'embedded',
    seed: 993_389_553,
    was: 'a segment whose removal was not synced when its process was killed came back beside newer frames, as damage',
  },
  {
    workload: 'embedded',
    seed: 24,
    was: 'what was carried went to a frame for each stretch of records, so that an idle log was cleaned for ever',
  },
  {
    workload: 'registers',
    seed: 287_061_932,
    was: 'a leader published the digest that it had made as a standby, of a row that was bad then: another was found to differ',
  },
  {
    workload: 'registers',
    seed: 256_184_886,
    was: 'the law "damage found" took a row that was written again, with the bytes of its damage, for one that was not mended',
  },
  {
    workload: 'cluster',
    seed: 881_683_994,
    was: 'where costs were due and a dead leader had its successor where the plan has it, the same map was made again for ever',
  },
  {
    workload: 'registers',
    seed: 78_453_155,
    was: 'a node that was down when its damaged disk was to be replaced came back with it',
  },
  {
    workload: 'registers',
    seed: 682_356_185,
    was: 'a row of the store that could not be read failed its partition with an error that nobody knew, and stayed there',
  },
  {
    workload: 'cluster',
    seed: 614_846_825,
    was: 'two maps of one version, since their log had lost its end, named two nodes, which gave a partition to each other all the time',
  },
];
