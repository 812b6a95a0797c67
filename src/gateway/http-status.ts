/** Which HTTP status an error has. */
import type { ErrorCode } from '../errors/catalogue.ts';
import type { TuttiError } from '../errors/tutti-error.ts';

/** Where what the error says about its outcome does not tell: what is the caller's to mend, and what is full. */
const statuses: Partial<Record<ErrorCode, number>> = {
  PROTOCOL_INVALID: 400,
  VALUE_MALFORMED: 400,
  VALUE_UNSUPPORTED: 400,
  OPTION_INVALID: 400,
  DURATION_INVALID: 400,
  UNAUTHORIZED: 401,
  ORIGIN_REFUSED: 403,
  ROUTE_UNKNOWN: 404,
  TASK_UNKNOWN: 404,
  TASK_NOT_FOUND: 404,
  METHOD_REFUSED: 405,
  KEY_CONFLICT: 409,
  TASK_STATE: 409,
  REQUEST_EXPIRED: 409,
  VALUE_TOO_LARGE: 413,
  HOST_REFUSED: 421,
  INPUT_INVALID: 422,
  DISK_FULL: 507,
  STORE_FULL: 507,
};

/** 424: the request did what it should, and the task that it depends on failed. */
export const httpStatusOf = ({ code, outcome, retry }: TuttiError): number => {
  const status = statuses[code];
  if (status !== undefined) return status;
  if (outcome === 'failed') return 424;
  return outcome === 'unknown' || retry !== 'never' ? 503 : 500;
};
