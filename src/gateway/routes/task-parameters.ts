/** Parameters and answers that several routes share. */
import { limits } from '../../limits.ts';
import { type JsonSchema, type Parameter, textParameter } from '../parameters.ts';

export const idParameter: Parameter<string> = {
  // Paths of one shape have one name for each segment: where a task is started it is the name of one, else an id.
  name: 'task',
  in: 'path',
  description: 'the id of a task, as starting it gave it',
  schema: { type: 'string', pattern: '^[0-9A-HJKMNP-TV-Z]{4}[0-7][0-9A-HJKMNP-TV-Z]{21}$' },
  // What is no id is told as one that is not there.
  read: (text) => text.toUpperCase(),
};

export const keyParameter = textParameter(
  {
    name: 'idempotency-key',
    in: 'header',
    description: `it has 1 to ${limits.idempotencyKeyBytesMax} characters of printable ASCII`,
  },
  { pattern: `^[\\x21-\\x7E]([\\x20-\\x7E]{0,${limits.idempotencyKeyBytesMax - 2}}[\\x21-\\x7E])?$` },
);

export const idSchema: JsonSchema = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string' } },
};

/** A time, an error and the like in JSON form: an object with one key that begins with `$`. */
export const timeSchema: JsonSchema = {
  type: 'object',
  required: ['$date'],
  properties: { $date: { type: 'string', format: 'date-time' } },
};
