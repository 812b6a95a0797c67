/**
 * Parameters of HTTP requests: how each is read, and the JSON Schema that the description of the interface gives of it. What a
 * schema admits is read, what it does not is refused.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { durationMs, formatDuration } from '../values/duration.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

export type Parameter<Value> = {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description: string;
  readonly schema: JsonSchema;
  /** The value of its text. Throws `OPTION_INVALID` and `DURATION_INVALID`. */
  readonly read: (text: string) => Value;
};

type Place = Pick<Parameter<unknown>, 'name' | 'in' | 'description'>;

export const textParameter = (place: Place, schema: JsonSchema & { readonly pattern?: string }): Parameter<string> => {
  const pattern = schema.pattern === undefined ? undefined : new RegExp(schema.pattern, 'u');
  return {
    ...place,
    schema: { type: 'string', ...schema },
    read: (text) => {
      if (text === '') throw refused(place, text, 'it is empty');
      if (pattern !== undefined && !pattern.test(text)) throw refused(place, text, place.description);
      return text;
    },
  };
};

export const choiceParameter = <Choice extends string>(
  place: Place,
  choices: readonly Choice[],
): Parameter<Choice> => ({
  ...place,
  schema: { type: 'string', enum: choices },
  read: (text) => {
    if (!(choices as readonly string[]).includes(text))
      throw refused(place, text, `it is one of ${choices.join(', ')}`);
    return text as Choice;
  },
});

export const flagParameter = (place: Place): Parameter<boolean> => {
  const choice = choiceParameter(place, ['true', 'false']);
  return { ...choice, schema: { type: 'boolean' }, read: (text) => choice.read(text) === 'true' };
};

export const countParameter = (place: Place, least: number, most: number): Parameter<number> => ({
  ...place,
  schema: { type: 'integer', minimum: least, maximum: most },
  read: (text) => {
    const value = Number(text);
    if (!/^\d{1,16}$/.test(text) || value < least || value > most)
      throw refused(place, text, `it is a whole number from ${least} to ${most}`);
    return value;
  },
});

const timePattern = '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:\\d\\d))?$';

export const timeParameter = (place: Place): Parameter<Date> => ({
  ...place,
  schema: { type: 'string', format: 'date-time' },
  read: (text) => {
    const time = new Date(new RegExp(timePattern).test(text) ? text : Number.NaN);
    if (Number.isNaN(time.getTime()))
      throw refused(place, text, 'it is a time such as 2026-11-30T12:00:00Z, or a date');
    return time;
  },
});

/** Reads milliseconds. */
export const durationParameter = (place: Place, mostMs: number): Parameter<number> => ({
  ...place,
  schema: { type: 'string', pattern: '^\\d{1,12}(\\.\\d{1,3})? ?(ms|s|min|h|days?)$', examples: ['30s'] },
  read: (text) => {
    const ms = durationMs(text, place.name);
    if (ms > mostMs) throw refused(place, text, `it is at most ${formatDuration(mostMs)}`);
    return ms;
  },
});

const refused = ({ name, in: where }: Place, text: string, remedy: string): TuttiError =>
  new TuttiError(
    'OPTION_INVALID',
    `The ${where === 'query' ? 'parameter' : where} ${name} cannot be ${JSON.stringify(text.slice(0, 100))}: ${remedy}.`,
    { details: { option: name } },
  );
