/** The fields of a log line in one line: `id=7 took=12`. Pure. */
import { encodeValue } from '../../../src/values/codec.ts';

const text = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : encodeValue(value);

export const describeFields = (fields: unknown): string =>
  typeof fields === 'object' && fields !== null && Object.getPrototypeOf(fields) === Object.prototype
    ? Object.entries(fields)
        .map(([name, value]) => `${name}=${text(value)}`)
        .join(' ')
    : text(fields);
