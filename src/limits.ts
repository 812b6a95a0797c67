/**
 * Every bound and default, with its unit. What users rely on is told in the reference; the rest may move. What loads in a browser
 * takes its own from `client-limits.ts` and `value-limits.ts`, as numbers, so that a page is not sent names and all the others.
 */
import * as clientLimits from './client-limits.ts';
import * as valueLimits from './value-limits.ts';

export const limits = {
  ...valueLimits,
  ...clientLimits,

  // Log
  segmentBytes: 32 * 1024 * 1024,
  segmentZeroAheadBytes: 4 * 1024 * 1024,
  frameBytesMax: 24 * 1024 * 1024,
  recordBytesMax: 20 * 1024 * 1024,
  syncWriteBytesMax: 1024,

  // NATS
  /** `max_payload` of our servers: the largest record with what NATS and we add. Beyond 32 MiB a file stream refuses. */
  natsPayloadBytes: 20 * 1024 * 1024 + 64 * 1024,
  /** Beside the record: what we say in headers. */
  natsHeaderBytes: 4 * 1024,
  /** An append that was not answered for so long is unknown, and what many bytes take on a slow line on top of that. */
  natsAppendMs: 2_000,
  natsSlowBytesPerMs: 2_000,
  /** A request that was not answered for so long is sent again. */
  natsRequestMs: 2_000,
  /**
   * The same of a request for records, which goes to any server that has them, also to one that is cut off. After each third one that was
   * not answered it is waited for twice as long, up to the most.
   */
  natsReadMs: 1_000,
  natsRequestMaxMs: 30_000,
  /** So often a question for the state of a log is repeated while nobody answers: its leader may be being elected. */
  natsInfoAgainMs: 250,
  /** The pause after a request that nobody could answer. */
  natsRetryMs: 100,
  /** Appends to one log that are on their way; more wait here. */
  natsInFlightRecords: 64,
  natsInFlightBytes: 32 * 1024 * 1024,
  natsReadBytes: 1024 * 1024,
  natsReadRecords: 1_000,
  /** So often a hole in a log is looked at again before it is one: answers may be lost, and come from replicas that lag. */
  natsHoleLooks: 10,
  /** Larger objects are stored in pieces, so many of them at once. */
  natsBlobChunkBytes: 512 * 1024,
  natsBlobWindow: 4,
  /** Longer messages are sent in pieces. */
  busPieceBytes: 512 * 1024,
  /** Pieces of messages that are not complete: by so much later the oldest are dropped, and beyond so many bytes. */
  busAssemblyMs: 10_000,
  busAssemblyBytesMax: 256 * 1024 * 1024,
  /** For each server that is tried. One that stands still takes connections and says nothing. */
  natsConnectMs: 2_000,
  /** So long opening waits for a cluster that has no leader yet. */
  natsOpenMs: 60_000,
  /** A server that does not answer two of these is taken for gone. */
  natsPingMs: 2_000,
  natsReconnectMs: 200,
  /** After so long the other connections of a node follow the first one to its server. */
  natsFollowMs: 1_000,
  /**
   * A server through which no leader answers for so long is left for another one: longer than an election takes, or it may be left for
   * the one that is cut off. From the third time on doubled each time, up to the most.
   */
  natsDeafMs: 11_000,
  natsDeafMaxMs: 60_000,
  /** Nobody who is there is heard over a server for so long: it is left for another one. Doubled each time, up to the same most. */
  natsAloneMs: 4_000,
  /** How often a connection is asked for that on which nothing else needs a leader. */
  natsProbeMs: 1_500,
  /** A server of which the leader of a log has heard nothing for so long is not there. */
  natsSilentMs: 5_000,
  natsStartMs: 30_000,
  natsHealthyMs: 60_000,
  natsStopMs: 10_000,
  /** A server that dies is started again after so long; doubled each time, up to the most, until it ran steadily. */
  natsRestartFirstMs: 100,
  natsRestartMaxMs: 10_000,
  natsSteadyMs: 60_000,

  // Partition
  partitionsMax: 256,
  windowRecords: 8,
  windowRecordsOwn: 2,
  /** An append costs servers and node more than what is in it: what comes meanwhile goes into the next record. */
  windowRecordsNats: 1,
  intakePendingMax: 20_000,
  clientStartsMax: 10_000,
  checkpointDirtyRows: 100_000,
  checkpointLogBytes: 64 * 1024 * 1024,
  checkpointIntervalMs: 10_000,
  checkpointSliceRows: 2_000,
  /** Rows written while a checkpoint is under way, at which no new task is taken in: a store that slow must catch up. */
  dirtyRowsMax: 1_000_000,
  snapshotChunkBytes: 256 * 1024,
  snapshotLogBytes: 256 * 1024 * 1024,
  closeWaitMs: 5_000,
  /** After so long without acknowledgement messages between partitions are sent again, so many at once. */
  resendMs: 1_000,
  resendMessagesMax: 1_000,

  // Replicas of a partition
  /** How soon a standby looks again that expects more in the log than it could read, or has found what nobody told it of. */
  followPollMs: 200,
  /** How often it looks where all that it was told of is read: its leader may have said more that was lost. */
  followPollIdleMs: 1_000,
  /** How soon a leader tells standbys of new records that come after quiet, and how often of those that come all the time. */
  progressMs: 10,
  progressAgainMs: 50,
  /** The last records that a leader hands over to the next one with the partition. */
  givenRecords: 128,
  givenBytes: 256 * 1024,
  /** How long a replica waits for what another one knows, before it claims. */
  askReplicasMs: 250,
  /** How soon an idle leader of a shared log looks whether the log ends where it should: one small request. */
  logEndLookMs: 1_000,
  /** The longer it stays idle, the rarer it looks, down to this. */
  logEndLookMaxMs: 5_000,
  /** A replica asks at most so often where its log begins, so as to let go of copies of what is before. */
  trimCopiesMs: 5_000,

  // Tasks
  attemptsDefault: 5,
  backoffFirstMs: 1_000,
  backoffFactor: 2,
  backoffMaxMs: 5 * 60_000,
  retentionMs: 7 * 24 * 3_600_000,
  retentionTasksMax: 100_000,
  /** A new leader begins so late to look which tasks of earlier ones have ended, so many rows at once: callers come first. */
  collectFinishedMs: 1_000,
  collectFinishedRows: 2_000,
  queuedTasksMax: 4_000_000,
  /** So many tasks that an executor cannot run are put aside for it in one step. */
  asideTasksPerStep: 1_000,
  /** Requests to retry it that a task remembers, so that a repeat of one changes nothing. */
  retriesRemembered: 8,
  /** How far ahead of record time the id of a start may have been minted: clocks differ, but not by more. */
  mintedAheadMs: 24 * 3_600_000,
  /** Log lines, and characters of them, that one answer holds: whoever wants more goes on from there. */
  logPageLines: 1_000,
  logPageChars: 1024 * 1024,

  // What is shown
  listPageMax: 1_000,
  listTextCharsMax: 1_000,
  /** One request for a page looks at so many rows, and characters in them, at most in each partition. */
  listRowsLookedAt: 1_000,
  listCharsLookedAt: 4 * 1024 * 1024,
  /** By how much the clock of who makes an id may differ from the node's, where ids are taken for times. */
  clockSlackMs: 15 * 60_000,
  stepsShownMax: 200,
  attemptsShownMax: 20,
  waitsShownMax: 20,
  mapHeatCells: 100,
  /** Who asks is told that tasks have changed, at most so often. */
  changesEveryMs: 250,
  /** A canary task that takes longer has failed. */
  canaryMs: 5_000,
  /** Names of tasks with counters of their own, in a partition. */
  functionsCountedMax: 1_000,
  /** Steps of the history that charts are made of: an hour. */
  historySteps: 360,
  historyStepMs: 10_000,

  /** A new leader waits so long for executors to say what they run. */
  rollCallMs: 2_000,

  // Between nodes
  linkTickMs: 100,
  linkHeartbeatMs: 400,
  linkResendMs: 300,
  /** A node that says nothing for so long is taken for gone: its executors' work is given to others. */
  linkSilenceMs: 3_000,
  linkUnacknowledgedMax: 10_000,
  /** Requests and answers for another node are gathered into one body up to about so many characters. */
  linkBodyChars: 1024 * 1024,
  /** Requests that wait for a partition to have a leader, and characters in them: beyond, new ones are refused. */
  leaderlessRequestsMax: 20_000,
  leaderlessCharsMax: 64 * 1024 * 1024,
  /** A leader that says it does not lead is asked again after so long, if nothing else is heard. */
  notLedRetryMs: 100,
  /**
   * A node that is asked for what the start of a task needs, and says nothing for so long: another one is asked as well. Longer than a
   * schema may take (`validationMs`). After the second time it is given up.
   */
  specAskMs: 1_500,
  specWaitMs: 5_000,

  // Executors
  /** Work whose leader is gone is let go of if no other has taken it over by then. */
  orphanMs: 15_000,
  slotsPerExecutor: 8,
  slotsMax: 1_024,
  secondTaskLoopDelayMs: 20,
  waitingTasksPerExecutorMax: 1_000,
  waitingParkMs: 10_000,
  hangReportMs: 30_000,
  validationMs: 1_000,
  /** Rehearsals of tasks, in development. */
  rehearsalCharsMax: 32 * 1024 * 1024,
  rehearsalHoldMs: 3_000,

  // Gateway
  gatewayPortDefault: 8484,
  /** Requests of all connections that wait for an answer or for the end of a task. */
  backendRequestsMax: 200_000,
  backendRetryMs: 500,
  gatewayConnectionsMax: 10_000,
  /** Connections beyond these that are told so. More are cut without a word. */
  gatewayConnectionsToldMax: 200,
  gatewayConnectionRetryMs: 2_000,
  gatewayInFlightMax: 10_000,
  gatewayInFlightPerConnectionMax: 100,
  gatewayBodyBytesMax: 16 * 1024 * 1024,
  /** Bodies that are being read, all together. */
  gatewayBodiesBytesMax: 256 * 1024 * 1024,
  /** Answers that have not been taken yet, all together. */
  gatewayAnswersBytesMax: 256 * 1024 * 1024,
  gatewayHeaderBytesMax: 16 * 1024,
  /** So long the headers of a request may take, and all of it. */
  gatewayHeadersMs: 10_000,
  /** What a refused connection has to take its answer. */
  gatewayLingerMs: 500,
  gatewayRequestMs: 60_000,
  /** A connection on which nothing moves for so long is cut; more than the longest wait for a result. */
  gatewayIdleMs: 360_000,
  gatewayKeepAliveMs: 65_000,
  gatewayWaitMsMax: 300_000,
  /** Events that wait for a slow reader; when they are more, the task is not followed until they have gone out. */
  gatewayFollowBytesMax: 64 * 1024,
  gatewayFollowBeatMs: 15_000,
  gatewayCanaryKeptMs: 1_000,
  gatewayCloseMs: 5_000,
  gatewayTokenCharsMin: 16,
  gatewayListDefault: 50,

  // Map
  chunkTargetMs: 100,
  chunkItemsMax: 10_000,
  chunkTextCharsMax: 1024 * 1024,

  // Cluster
  memberWeightMax: 100,
  mapRecordsKept: 16,
  mapPollMs: 1_000,
  /** So long a claim waits for the map to be read, before the one that is known counts. */
  mapWaitMs: 500,
  heartbeatMs: 400,
  heartbeatMissedMs: 1_400,
  /** After so long without a word, a node that hears fewer than half of the members declares the others dead as well. */
  minorityMs: 8_000,
  /** Of members that see the same to be done, each waits so long for each one before it. */
  proposeStaggerMs: 100,
  proposeAgainMs: 200,
  /** A member that fell out waits so long before it is given anything; doubled each time, up to the most. */
  quietFirstMs: 5_000,
  quietMaxMs: 300_000,
  deathsForgivenMs: 600_000,
  deadKeptMs: 3_600_000,
  /** A leader deposed without its consent waits up to so long before it claims again; doubled each time, up to the most. */
  claimWaitFirstMs: 500,
  claimWaitMaxMs: 10_000,
  /** So long after the last time, what ended without its consent is forgotten. */
  endForgottenMs: 30_000,
  /** A leader that has nothing to write proves after so long that it still leads. */
  confirmMs: 5_000,
  /** How often a node looks at itself, and sends canaries to its executors. */
  healthTickMs: 1_000,
  /** A node of which no executor answers for so long is ailing: longer than what tasks usually compute without a pause. */
  canaryLateMs: 10_000,
  /** So is one of whose partitions none gets on for so long: longer than `confirmMs` and an election of NATS. */
  logStandsMs: 20_000,
  /** And one whose store has not taken a checkpoint for so long. */
  storeStandsMs: 60_000,
  /** It is well again after so long without anything the matter. */
  wellAgainMs: 5_000,
  /** A leader that was told to hand over, and still leads after so long, is told again. */
  handOverAgainMs: 1_000,
  /** So long a leader leads before it hands over. */
  ledMinMs: 100,
  /** So long an ailing leader has to hand over before it is deposed. */
  ailingLeaderMs: 5_000,
  /** Partitions that move at once, in a new cluster. */
  movesMax: 2,
  /** Changes of tasks a second below which the work of a partition does not count, and the most that a partition may cost. */
  loadUnit: 500,
  partitionCostMax: 64,
  /** So long what partitions cost stays as it is in the map, before it is looked whether other places would be better. */
  costsKeptMs: 30_000,
  /** A standby that is so many records behind has caught up. */
  warmRecords: 100,
  /** Connections that tell when another node's process ends. */
  lifeLineDialMs: 2_000,
  lifeLineAgainMs: 1_000,
  /** After one that stood has ended, doubled each time. */
  lifeLineSoonMs: 5,
  /** How often a node looks how the servers of the engine do. */
  serversLookMs: 2_000,
  /** A node of a cluster that is closed takes no new work first, and waits so long for code of tasks that runs. */
  restMs: 1_000,
  /** Then it waits so long for others to take what it holds. */
  leaveMs: 10_000,
  /** A file of copies of records. */
  copyFileBytes: 16 * 1024 * 1024,

  // What is shown of a cluster
  clusterMovesKept: 200,
  clusterFaultsShown: 100,
  /** A fault that is no state but happened is shown for so long. */
  clusterFaultKeptMs: 600_000,
  clusterNotesKept: 50,
  /** Trouble of one kind that a server of the engine has is told at most so often: often enough to be shown while it lasts. */
  serverTroubleAgainMs: 60_000,
  /** A partition that nobody leads for so long, and a standby that is behind for so long, are faults. */
  unledFaultMs: 2_000,
  lagFaultMs: 10_000,
  /** A node that could not read the map, or did not hear itself, for so long is cut off from its cluster. */
  cutOffMs: 10_000,
  lackedNamesShown: 20,

  // What a node needs of its machine
  /** Connections are open files too. */
  openFilesMin: 2_048,
  diskFreeBytesMin: 256 * 1024 * 1024,
  /** Beyond this a disk is not just slow: something is wrong with it, or it is none. */
  diskSyncMsMax: 500,
  clockJumpMs: 500,
  appLoadMs: 30_000,

  // Connections of clients (WebSocket)
  /** One frame, of either side. Holds the longest value in the usual case: one byte a character. */
  clientFrameBytesMax: 20 * 1024 * 1024,
  /** What may come on a connection before its hello was accepted. */
  helloBytesMax: 16 * 1024,
  helloWaitMs: 10_000,
  clientConnectionsMax: 5_000,
  clientRequestsMax: 20_000,
  clientStreamsMax: 1_024,
  clientMessagesPerSecond: 100_000,
  /** Requests refused for load a second, of all connections: those that ask all the same are read no faster, and wait up to so long. */
  clientRefusalsPerSecond: 50_000,
  clientHoldMsMax: 5_000,
  /** What a client has not taken yet: above it streams stand still and nothing more is read from it, until half of it has left. */
  clientBufferedBytesMax: 1024 * 1024,
  overviewIntervalMs: 1_000,
  drainWaitMs: 5_000,

  // Trust between machines
  certificateRequestCharsMax: 16 * 1024,
  certificateHostsMax: 32,
  certificateDays: 90,
  authorityDays: 3_650,
  /** Certificates are good from a little before they are made: clocks differ. */
  certificateBackdateMs: 5 * 60_000,
  /** How often the keeper of a certificate looks at the clock, and how long it waits after a renewal that failed. */
  certificateLookMs: 6 * 3_600_000,
  certificateRetryMs: 10 * 60_000,
  joinTokenMs: 3_600_000,
  joinTokenMsMax: 7 * 24 * 3_600_000,
  joinTokensMax: 1_000,
  /** So long after it has expired, a token that comes again is told from one that never was. */
  joinTokenKeptMs: 7 * 24 * 3_600_000,
  joinBodyBytesMax: 128 * 1024,
  joinWaitMs: 30_000,
  /** Where machines join: the port after that of the gateway. */
  joinPortDefault: 8485,

  // Machines of a cluster (`tutti up`, `tutti join`)
  /** How long a machine waits for the next roster before it asks again, and before it asks where the last question failed. */
  rosterWaitMs: 10_000,
  rosterRetryMs: 1_000,
  /** How long a change waits for the servers that are there to have taken it up. */
  rosterAppliedMs: 10_000,
  /** How long one that is to be replaced, or another server, is waited for before it counts as not there. */
  replaceAnswerMs: 3_000,
  /** How long the first machine's server may take to have all of its copies: one that ended leaves elections behind. */
  replaceCopiesMs: 12_000,
  machinesMax: 256,

  // Simulated worlds
  simulationVirtualMsMax: 3_650 * 24 * 3_600_000,
  simulationEventsMax: 2_000_000,
  /** A run of which nothing is heard for so long goes round in a circle. */
  simulationSilenceMs: 30_000,
  /** Runs of one thread: each leaves its modules behind in memory. */
  simulationRunsPerThread: 1_000,
} as const;
