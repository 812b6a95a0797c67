/** What one node shows of its cluster, made of the map, what it hears of the others and what it has recorded. Pure. */
import { limits } from '../limits.ts';
import type {
  Ailment,
  ClusterFault,
  ClusterFaultKind,
  ClusterMemberOverview,
  ClusterOverview,
  ClusterPartitionOverview,
  ClusterStandbyOverview,
  EngineOverview,
  ServerTrouble,
} from '../protocol/cluster-overview.ts';
import { lackingText } from '../protocol/cluster-words.ts';
import type { FunctionOverview } from '../protocol/overview.ts';
import type { OwnHealth } from './cluster-event.ts';
import { type Assignment, type ClusterMap, type Member, takesPart } from './cluster-map.ts';
import type { ClusterRecorder, Condition } from './cluster-recorder.ts';
import type { Holding } from './holdings.ts';
import type { PartitionScan } from './partition-scan.ts';

/** What the core of a node knows. */
export type Sight = {
  readonly map: ClusterMap;
  readonly recorder: ClusterRecorder;
  /** What the node says of itself. */
  readonly health: OwnHealth;
};

/** What others know. */
export type Surroundings = {
  readonly engine?: EngineOverview;
  /** Address of a member's gateway, where that is known. */
  readonly urlOf?: (member: string) => string | undefined;
  /** Tasks that wait in the partitions led here, by name. */
  readonly waiting?: readonly Pick<FunctionOverview, 'name' | 'queued' | 'lacking'>[];
};

/** Both clocks at one moment. */
export type Moment = { readonly now: number; readonly monotonicMs: number };

export const clusterOverview = (
  sight: Sight,
  around: Surroundings & { readonly name: string },
  moment: Moment,
): ClusterOverview => {
  const { map, recorder } = sight;
  const { self } = recorder;
  const scans = recorder.scan(map, moment.monotonicMs);
  const agoMs = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.max(0, moment.monotonicMs - atMs);
  const dateOf = (atMs: number): Date => new Date(moment.now - Math.max(0, moment.monotonicMs - atMs));
  return {
    name: around.name,
    clusterId: map.clusterId,
    mapVersion: map.version,
    featureLevel: map.featureLevel,
    self,
    settings: map.settings,
    mapReadMs: agoMs(recorder.readMs),
    echoMs: agoMs(recorder.echoMs),
    members: map.members.map((member) => memberView(member, sight, scans, around, moment.monotonicMs)),
    partitions: map.partitions.map((assignment, partition) =>
      partitionView(partition, assignment, scans[partition], recorder, dateOf),
    ),
    ...(around.engine === undefined ? {} : { engine: around.engine }),
    faults: shownOf(faultsOf(sight, around, moment.monotonicMs), self)
      .sort((a, b) => a.sinceMs - b.sinceMs)
      .map(({ sinceMs, ...fault }) => ({ ...fault, since: dateOf(sinceMs) })),
    moves: recorder.moves.map(({ atMs, ...move }) => ({ at: dateOf(atMs), ...move })),
  };
};

// --- Members

const memberView = (
  member: Member,
  { map, recorder, health }: Sight,
  scans: readonly PartitionScan[],
  { urlOf }: Surroundings,
  nowMs: number,
): ClusterMemberOverview => {
  const { id, state, location, weight, app, incarnation, deaths } = member;
  const { self, peers } = recorder;
  const isSelf = id === self;
  const heartbeat = saidBy(id, recorder, health);
  const heardMs = heartbeat === undefined ? undefined : peers.heardMs(id);
  const own = map.apps[app] ?? [];
  const lacks = takesPart(member) ? namesOfAll(map).filter((name) => !own.includes(name)) : [];
  return {
    ...{ id, state, location, weight, app, incarnation, deaths },
    heard: takesPart(member) && peers.isThere(id, nowMs),
    silentMs: isSelf || heardMs === undefined ? undefined : Math.max(0, nowMs - heardMs),
    healthy: heartbeat?.healthy,
    ...(heartbeat?.ailment === undefined ? {} : { ailment: heartbeat.ailment }),
    ...(heartbeat?.loads === undefined ? {} : { load: heartbeat.loads.reduce((sum, [, load]) => sum + load, 0) }),
    queued: heartbeat?.queued,
    leads: scans.filter(({ leader }) => leader?.member === id).length,
    follows: scans.filter(({ following }) => following.some((one) => one.member === id)).length,
    url: urlOf?.(id),
    lacks: lacks.slice(0, limits.lackedNamesShown),
    lacksCount: lacks.length,
  };
};

/** What any member that takes part can run. */
const namesOfAll = ({ members, apps }: ClusterMap): readonly string[] =>
  [...new Set(members.filter(takesPart).flatMap(({ app }) => apps[app] ?? []))].sort();

// --- Partitions

const partitionView = (
  partition: number,
  assignment: Assignment,
  scan: PartitionScan | undefined,
  recorder: ClusterRecorder,
  dateOf: (atMs: number) => Date,
): ClusterPartitionOverview => {
  const { leader: named, pinned, throttled } = assignment;
  const leader = scan?.leader;
  const underWay = recorder.underWay(partition);
  return {
    partition,
    named,
    leader: leader === undefined ? undefined : { member: leader.member, ...placeOf(leader) },
    standbys: standbysOf(assignment, scan),
    pinned,
    throttled,
    underWay:
      underWay === undefined
        ? undefined
        : { what: underWay.what, member: underWay.member, since: dateOf(underWay.sinceMs) },
  };
};

const placeOf = ({ report: { epoch, position } }: Holding): { readonly epoch: number; readonly position: number } => ({
  epoch,
  position,
});

/** Those that the map names first. */
const standbysOf = ({ standbys }: Assignment, scan: PartitionScan | undefined): readonly ClusterStandbyOverview[] => {
  const leader = scan?.leader;
  const copies = new Map(scan?.following.map((own) => [own.member, own.report.position]));
  const others = [...copies.keys()].filter((id) => !standbys.includes(id)).sort();
  return [...standbys, ...others]
    .filter((id) => id !== leader?.member)
    .map((member) => {
      const position = copies.get(member);
      const lag =
        leader === undefined || position === undefined ? undefined : Math.max(0, leader.report.position - position);
      return { member, named: standbys.includes(member), following: position !== undefined, position, lag };
    });
};

// --- Faults

type Fault = Omit<ClusterFault, 'since'> & { readonly sinceMs: number };

const faultsOf = (sight: Sight, around: Surroundings, nowMs: number): Fault[] => [
  ...cutOffFaults(sight, nowMs),
  ...[...sight.recorder.conditions]
    .filter(({ kind, sinceMs }) => nowMs - sinceMs >= (patienceMs[kind] ?? 0))
    .map((condition) => ({ ...condition, what: sentenceOf(condition, sight) })),
  ...failureFaults(sight),
  ...lostMapFaults(sight, nowMs),
  ...toldFaults(sight, around, nowMs),
];

/** As many as are shown: the oldest, after those of the node as a whole, by which it is judged whether it is well. */
const shownOf = (faults: readonly Fault[], self: string): Fault[] => {
  const rank = ({ member, partition }: Fault): number => (member === self && partition === undefined ? 0 : 1);
  return [...faults].sort((a, b) => rank(a) - rank(b) || a.sinceMs - b.sinceMs).slice(0, limits.clusterFaultsShown);
};

/** Of what is told from outside, with since when it was told. */
const toldFaults = (sight: Sight, { engine, waiting = [] }: Surroundings, nowMs: number): Fault[] => {
  const { map, recorder } = sight;
  const told = [...serverFaults(engine), ...troubleFaults(sight, nowMs), ...missingFunctions(map, waiting)];
  const since = recorder.since(
    told.map(({ key }) => key),
    nowMs,
  );
  return told.map(({ key, kind, what, member }) => ({
    ...{ kind, what, member },
    partition: undefined,
    sinceMs: since.get(key) ?? nowMs,
  }));
};

type ToldFault = Pick<ClusterFault, 'kind' | 'what' | 'member'> & { readonly key: string };

/** So long something may be so before it is a fault. */
const patienceMs: Partial<Readonly<Record<ClusterFaultKind, number>>> = {
  partitionUnled: limits.unledFaultMs,
  standbyLags: limits.lagFaultMs,
};

const ailmentText: Readonly<Record<Ailment, string>> = {
  executors: 'its canary tasks do not come through',
  log: 'its partitions do not get on',
  store: 'its store takes nothing',
};

/** What a member says of itself, where that was heard. */
const saidBy = (member: string, { self, peers }: ClusterRecorder, own: OwnHealth): OwnHealth | undefined =>
  member === self ? own : peers.heartbeatOf(member);

const sentenceOf = ({ kind, member, partition }: Condition, { map, recorder, health }: Sight): string => {
  switch (kind) {
    case 'memberSilent':
      return `${member} is not heard.`;
    case 'memberDead':
      return `${member} is gone: its partitions are led by others.`;
    case 'memberUnhealthy':
      return `${member} answers, but ${ailmentText[saidBy(member ?? '', recorder, health)?.ailment ?? 'executors']}: it is given nothing.`;
    case 'partitionUnled': {
      const named = map.partitions[partition ?? 0]?.leader ?? '';
      return named === ''
        ? `Nobody leads partition ${partition}, and nobody is there to lead it.`
        : `Nobody leads partition ${partition}; ${named} is to.`;
    }
    case 'standbyLags':
      return `The copy of partition ${partition} at ${member} is behind.`;
    default:
      return kind;
  }
};

/** Since when the node itself reads no map, or hears nothing of itself. */
const cutOffFaults = ({ recorder: { self, readMs, echoMs } }: Sight, nowMs: number): Fault[] => {
  const fault = (what: string, sinceMs: number): Fault[] =>
    nowMs - sinceMs < limits.cutOffMs ? [] : [{ kind: 'cutOff', what, member: self, partition: undefined, sinceMs }];
  return [
    ...(readMs === undefined ? [] : fault(`${self} cannot read the map of the cluster.`, readMs)),
    ...(echoMs === undefined
      ? []
      : fault(`${self} does not hear its own heartbeats: its messages go nowhere.`, echoMs)),
  ];
};

const failureFaults = ({ recorder }: Sight): Fault[] =>
  recorder.failures.map(({ partition, code, member, atMs }) => ({
    kind: code === 'REPLICA_DIFFERS' ? 'replicaDiffers' : 'partitionFailed',
    what:
      code === 'REPLICA_DIFFERS'
        ? `The copy of partition ${partition} at ${member} held other rows than its leader, and was filled again (${code}).`
        : `Partition ${partition} stopped at ${member}: ${code}.`,
    member,
    partition,
    sinceMs: atMs,
  }));

const lostMapFaults = ({ recorder }: Sight, nowMs: number): Fault[] =>
  recorder.moves.flatMap(({ what, atMs }): Fault[] => {
    if ((what !== 'putBack' && what !== 'madeAnew') || nowMs - atMs >= limits.clusterFaultKeptMs) return [];
    return [
      {
        kind: what === 'putBack' ? 'mapPutBack' : 'mapMadeAnew',
        what:
          what === 'putBack'
            ? 'The log of the cluster map had lost its end; a node put it back. Look at the servers of the engine.'
            : 'The log of the cluster map was made anew under its name. Look at the servers of the engine.',
        member: undefined,
        partition: undefined,
        sinceMs: atMs,
      },
    ];
  });

const serverFaults = (engine: EngineOverview | undefined): readonly ToldFault[] => {
  const down = (what: string, member: string | undefined): ToldFault => ({
    key: `server ${member ?? ''}`,
    kind: 'serverDown',
    what,
    member,
  });
  if (engine === undefined) return [];
  return [
    ...(engine.connected ? [] : [down('This node has no connection to the servers of the engine.', undefined)]),
    ...engine.servers
      .filter(({ online }) => !online)
      .map(({ name }) => down(`The server ${name} of the engine is down.`, name)),
  ];
};

const troubleText: Readonly<Record<ServerTrouble, string>> = {
  streamReset: 'throws away its copy of a stream and fetches it anew',
  sequenceMismatch: 'has another end of a stream than the others',
  orphanedStream: 'had a stream that the others do not know of',
  writeError: 'could not write',
};

/** What the servers beside members have told of themselves lately. */
const troubleFaults = ({ map, recorder, health }: Sight, nowMs: number): readonly ToldFault[] =>
  map.members
    .filter(({ id }) => recorder.peers.isThere(id, nowMs))
    .flatMap(({ id }) =>
      (saidBy(id, recorder, health)?.troubles ?? []).map((trouble) => ({
        key: `trouble ${id} ${trouble}`,
        kind: 'serverTrouble' as const,
        what: `The NATS server of ${id} says that it ${troubleText[trouble]}. Look at its log and its disk.`,
        member: id,
      })),
    );

/** Tasks wait that no member's app has. */
const missingFunctions = (map: ClusterMap, waiting: NonNullable<Surroundings['waiting']>): readonly ToldFault[] => {
  const known = new Set(namesOfAll(map));
  return waiting
    .map(({ name, queued, lacking = 0 }) => ({ name, count: Math.max(queued, lacking) }))
    .filter(({ name, count }) => name !== undefined && count > 0 && !known.has(name))
    .map(({ name, count }) => ({
      key: `function ${name}`,
      kind: 'functionMissing',
      what: `${lackingText(count)}: no member's app has ${name}.`,
      member: undefined,
    }));
};
