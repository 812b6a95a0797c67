/**
 * What the command's exit code tells. 130 and 143 are what shells give for Ctrl-C and SIGTERM: stopped on request, to be
 * continued.
 */
import type { ErrorCode } from '../errors/catalogue.ts';
import { isTuttiError } from '../errors/tutti-error.ts';

export const exitCode = {
  ok: 0,
  /** The task failed, or this program did. */
  failed: 1,
  /** What was asked for cannot be: usage, input, app. */
  usage: 2,
  /** The data cannot be reached. */
  unreachable: 3,
  /** Something else is in the way: another process, another input, another state. */
  conflict: 4,
  interrupted: 130,
  terminated: 143,
} as const;

const codes: Partial<Record<ErrorCode, number>> = {
  VALUE_UNSUPPORTED: exitCode.usage,
  VALUE_TOO_LARGE: exitCode.usage,
  VALUE_MALFORMED: exitCode.usage,
  INPUT_INVALID: exitCode.usage,
  DURATION_INVALID: exitCode.usage,
  OPTION_INVALID: exitCode.usage,
  SCENARIO_INVALID: exitCode.usage,
  SIMULATION_REFUSED: exitCode.usage,
  SIMULATION_ENDLESS: exitCode.conflict,
  APP_LOAD: exitCode.usage,
  APP_INVALID: exitCode.usage,
  APP_MISMATCH: exitCode.usage,
  TASK_UNKNOWN: exitCode.usage,
  TASK_NOT_EXPORTED: exitCode.usage,
  TASK_NOT_FOUND: exitCode.usage,
  DATA_FORMAT: exitCode.unreachable,
  DATA_UNAVAILABLE: exitCode.unreachable,
  DISK_FULL: exitCode.unreachable,
  LOG_DAMAGED: exitCode.unreachable,
  LOG_TRIMMED: exitCode.unreachable,
  BLOB_DAMAGED: exitCode.unreachable,
  STORE_FULL: exitCode.unreachable,
  STORE_FAILED: exitCode.unreachable,
  BUS_NO_REPLY: exitCode.unreachable,
  ENGINE_MISSING: exitCode.unreachable,
  ENGINE_VERSION: exitCode.unreachable,
  ENGINE_SETTINGS: exitCode.unreachable,
  ENGINE_FAILED: exitCode.unreachable,
  CLOSED: exitCode.unreachable,
  DATA_LOCKED: exitCode.conflict,
  KEY_CONFLICT: exitCode.conflict,
  TASK_STATE: exitCode.conflict,
  REQUEST_EXPIRED: exitCode.conflict,
  OVERLOADED: exitCode.conflict,
  LOG_FENCED: exitCode.conflict,
  CLUSTER_NEWER: exitCode.conflict,
  MEMBER_REPLACED: exitCode.conflict,
  IMPORT_REFUSED: exitCode.conflict,
  JOIN_TOKEN_MISTYPED: exitCode.usage,
  JOIN_TOKEN_WRONG: exitCode.usage,
  JOIN_TOKEN_EXPIRED: exitCode.usage,
  JOIN_TOKEN_USED: exitCode.conflict,
  JOIN_REFUSED: exitCode.conflict,
  AUTHORITY_MISMATCH: exitCode.unreachable,
  AUTHORITY_ELSEWHERE: exitCode.usage,
  CERTIFICATE_REFUSED: exitCode.usage,
  SECRETS_EXPOSED: exitCode.unreachable,
  REPLICA_DIFFERS: exitCode.unreachable,
  PROTOCOL_INVALID: exitCode.usage,
  PROTOCOL_VERSION: exitCode.usage,
  UNREACHABLE: exitCode.unreachable,
  NO_ANSWER: exitCode.unreachable,
  ABORTED: exitCode.conflict,
  ROUTE_UNKNOWN: exitCode.usage,
  METHOD_REFUSED: exitCode.usage,
  UNAUTHORIZED: exitCode.usage,
  HOST_REFUSED: exitCode.usage,
  ORIGIN_REFUSED: exitCode.usage,
  ADDRESS_UNPROTECTED: exitCode.usage,
  ADDRESS_IN_USE: exitCode.conflict,
  NOT_READY: exitCode.unreachable,
};

/** The exit code for an error that ended the command before, or instead of, a task's own outcome. */
export const exitCodeOf = (error: unknown): number =>
  isTuttiError(error) ? (codes[error.code] ?? exitCode.failed) : exitCode.failed;
