/**
 * Every error code, in one place. A test checks that each has a page in `docs/errors/`, a place that throws it, and a test.
 *
 * - `outcome`: what the caller now knows. `rejected`: certainly not applied. `unknown`: may be applied, ask again with the
 *   same id. `failed`: your code threw, and that is recorded. `invariant`: our bug; what it concerns stops.
 * - `retry`: `never`, `same-id` (repeat the same request), or `later` (after a pause; `details.retryMs` says how long).
 */
export type Outcome = 'rejected' | 'unknown' | 'failed' | 'invariant';
export type Retry = 'never' | 'same-id' | 'later';
export type CatalogueEntry = { readonly outcome: Outcome; readonly retry: Retry; readonly summary: string };

const rejected = (summary: string, retry: Retry = 'never'): CatalogueEntry => ({ outcome: 'rejected', retry, summary });
const failed = (summary: string): CatalogueEntry => ({ outcome: 'failed', retry: 'never', summary });
const unknown = (summary: string): CatalogueEntry => ({ outcome: 'unknown', retry: 'same-id', summary });

export const catalogue = {
  // Values and input
  VALUE_UNSUPPORTED: rejected('A value of a kind that cannot be stored'),
  VALUE_TOO_LARGE: rejected('A value beyond the size limit'),
  VALUE_MALFORMED: rejected('Text that is not a value in JSON form'),
  INPUT_INVALID: rejected('The input does not match its schema'),
  DURATION_INVALID: rejected('Not a duration'),
  OPTION_INVALID: rejected('An option with a value that is not allowed'),

  // Apps
  APP_LOAD: rejected('The app module could not be loaded'),
  APP_INVALID: rejected('The app exports something that cannot be: a duplicate, a bad name'),
  APP_MISMATCH: rejected('Two threads see different apps'),
  TASK_UNKNOWN: rejected('No task with this name, or no name for this definition'),
  TASK_NOT_EXPORTED: rejected('A definition that the app does not export'),

  // Tasks
  TASK_FAILED: failed('The task threw'),
  TASK_CANCELLED: failed('The task was cancelled'),
  TASK_TIMEOUT: failed('The task ran longer than its timeout'),
  TASK_CRASHED: failed('The task ended its thread or process each time'),
  TASK_NONDETERMINISTIC: failed('The code no longer matches its journal'),
  STEP_NESTED: rejected('A step inside the function of a step'),
  TASK_NOT_FOUND: rejected('No task with this id'),
  TASK_STATE: rejected('The task is in a state in which this cannot be done'),
  REQUEST_EXPIRED: {
    outcome: 'unknown',
    retry: 'never',
    summary: 'Repeated so late that it cannot be known whether it has run',
  },
  KEY_CONFLICT: rejected('The idempotency key is in use with another input'),

  // Node
  CLOSED: unknown('The node was closed'),
  OVERLOADED: rejected('Too much in flight', 'later'),
  DATA_LOCKED: rejected('The data folder is held by another process'),
  DATA_FORMAT: rejected('The data folder has a format this version does not know'),
  DATA_UNAVAILABLE: rejected('The data folder cannot be used'),
  DISK_FULL: rejected('No space left for the log', 'later'),

  // Clients and gateway
  PROTOCOL_INVALID: rejected('A message that the protocol does not have'),
  PROTOCOL_VERSION: rejected('Client and node speak no common version of the protocol'),
  UNAUTHORIZED: rejected('The token is missing or wrong'),
  UNREACHABLE: rejected('No node was reached; nothing was sent', 'later'),
  ABORTED: rejected('Given up by the caller before it was sent'),
  NO_ANSWER: unknown('The request was sent, and no answer came'),
  ROUTE_UNKNOWN: rejected('Nothing at this address'),
  METHOD_REFUSED: rejected('The address is there, but not for this method'),
  HOST_REFUSED: rejected('A request for a host name that this gateway does not have'),
  ORIGIN_REFUSED: rejected('A request from a web page of an origin that is not allowed'),
  NOT_READY: rejected('The node does not do its work yet, or no longer', 'later'),
  ADDRESS_IN_USE: rejected('Another process listens at this address'),
  ADDRESS_UNPROTECTED: rejected('An address that others reach, without TLS and a token'),

  // Cluster
  CLUSTER_NEWER: rejected('The cluster uses a format or feature that this version does not know'),
  MEMBER_REPLACED: rejected('Another process joined the cluster under the name of this node'),

  // Engine and store
  LOG_TRIMMED: rejected('Below the first retained position'),
  LOG_DAMAGED: rejected('Bytes of the log are not what was written'),
  REPLICA_DIFFERS: rejected('Two replicas hold different states at the same position'),
  LOG_FENCED: unknown('A newer leader took over'),
  BLOB_EXISTS: rejected('Another object has this name'),
  BLOB_DAMAGED: rejected('The object does not match its checksum'),
  BUS_NO_REPLY: unknown('Nobody answered in time'),
  STORE_FULL: rejected('No space left for the store', 'later'),
  STORE_FAILED: rejected('The store could not be read or written'),

  // Testing
  SCENARIO_INVALID: rejected('The scenario could not be loaded, or is not exported'),
  SIMULATION_FAILED: failed('The scenario threw'),
  SIMULATION_REFUSED: rejected('A call that has no place in a simulated world'),
  SIMULATION_ENDLESS: rejected('A simulated run without an end'),
  CRASH_DIFFERS: failed('A task gives another result where its node crashes'),

  INVARIANT: { outcome: 'invariant', retry: 'never', summary: 'A bug in Tutti' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
