/**
 * Every error code, in one place, and what it says in a few words. A test checks that each has a page in `docs/errors/`, a place that
 * throws it, and a test. What the caller knows of each: `meaning.ts`.
 */
export const summaries = {
  // Values and input
  VALUE_UNSUPPORTED: 'A value of a kind that cannot be stored',
  VALUE_TOO_LARGE: 'A value beyond the size limit',
  VALUE_MALFORMED: 'Text that is not a value in JSON form',
  INPUT_INVALID: 'The input does not match its schema',
  DURATION_INVALID: 'Not a duration',
  OPTION_INVALID: 'An option with a value that is not allowed',

  // Apps
  APP_LOAD: 'The app module could not be loaded',
  APP_INVALID: 'The app exports something that cannot be: a duplicate, a bad name',
  APP_MISMATCH: 'Two threads see different apps',
  TASK_UNKNOWN: 'No task with this name, or no name for this definition',
  TASK_NOT_EXPORTED: 'A definition that the app does not export',

  // Tasks
  TASK_FAILED: 'The task threw',
  TASK_CANCELLED: 'The task was cancelled',
  TASK_TIMEOUT: 'The task ran longer than its timeout',
  TASK_CRASHED: 'The task ended its thread or process each time',
  TASK_NONDETERMINISTIC: 'The code no longer matches its journal',
  STEP_NESTED: 'A step inside the function of a step',
  TASK_NOT_FOUND: 'No task with this id',
  TASK_STATE: 'The task is in a state in which this cannot be done',
  REQUEST_EXPIRED: 'Repeated so late that it cannot be known whether it has run',
  KEY_CONFLICT: 'The idempotency key is in use with another input',

  // Node
  CLOSED: 'The node was closed',
  OVERLOADED: 'Too much in flight',
  DATA_LOCKED: 'The data folder is held by another process',
  DATA_FORMAT: 'The data folder has a format this version does not know',
  DATA_UNAVAILABLE: 'The data folder cannot be used',
  DISK_FULL: 'No space left for the log',

  // Clients and gateway
  PROTOCOL_INVALID: 'A message that the protocol does not have',
  PROTOCOL_VERSION: 'Client and node speak no common version of the protocol',
  UNAUTHORIZED: 'The token is missing or wrong',
  UNREACHABLE: 'No node was reached; nothing was sent',
  ABORTED: 'Given up by the caller before it was sent',
  NO_ANSWER: 'The request was sent, and no answer came',
  ROUTE_UNKNOWN: 'Nothing at this address',
  METHOD_REFUSED: 'The address is there, but not for this method',
  HOST_REFUSED: 'A request for a host name that this gateway does not have',
  ORIGIN_REFUSED: 'A request from a web page of an origin that is not allowed',
  NOT_READY: 'The node does not do its work yet, or no longer',
  ADDRESS_IN_USE: 'Another process listens at this address',
  ADDRESS_UNPROTECTED: 'An address that others reach, without TLS and a token',

  // Cluster
  CLUSTER_NEWER: 'The cluster uses a format or feature that this version does not know',
  MEMBER_REPLACED: 'Another process joined the cluster under the name of this node',
  IMPORT_REFUSED: 'The cluster cannot be made from this data folder',

  // Trust between machines
  JOIN_TOKEN_MISTYPED: 'Not a whole join token',
  JOIN_TOKEN_WRONG: 'A join token that this cluster did not hand out',
  JOIN_TOKEN_EXPIRED: 'A join token that is too old',
  JOIN_TOKEN_USED: 'A join token that another machine has used',
  JOIN_REFUSED: 'The cluster does not take this machine in as it asks',
  AUTHORITY_MISMATCH: 'Who answers is not of the cluster that the token is for',
  AUTHORITY_ELSEWHERE: 'The key of the authority is not on this machine',
  CERTIFICATE_REFUSED: 'A certificate is not given, or not accepted',
  SECRETS_EXPOSED: 'Other users of the machine can read its keys',

  // Engine and store
  LOG_TRIMMED: 'Below the first retained position',
  LOG_DAMAGED: 'Bytes of the log are not what was written',
  REPLICA_DIFFERS: 'Two replicas hold different states at the same position',
  LOG_FENCED: 'A newer leader took over',
  BLOB_EXISTS: 'Another object has this name',
  BLOB_DAMAGED: 'The object does not match its checksum',
  BUS_NO_REPLY: 'Nobody answered in time',
  ENGINE_MISSING: 'No nats-server that could be run',
  ENGINE_VERSION: 'A nats-server that is too old to be relied on',
  ENGINE_SETTINGS: 'A nats-server, or a stream, with settings that cannot be used',
  ENGINE_FAILED: 'The nats-server did not start',
  STORE_FULL: 'No space left for the store',
  STORE_FAILED: 'The store could not be read or written',

  // Testing
  SCENARIO_INVALID: 'The scenario could not be loaded, or is not exported',
  SIMULATION_FAILED: 'The scenario threw',
  SIMULATION_REFUSED: 'A call that has no place in a simulated world',
  SIMULATION_ENDLESS: 'A simulated run without an end',
  CRASH_DIFFERS: 'A task gives another result where its node crashes',

  INVARIANT: 'A bug in Tutti',
} as const;

export type ErrorCode = keyof typeof summaries;
