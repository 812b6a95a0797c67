/**
 * The contract between the walks of the codec and the kinds they meet.
 */

/** One kind of value that JSON does not have, as it is read. */
export type ReadKind = {
  /** The one key of its JSON form. Begins with `$`. */
  readonly tag: string;
  /** The value, or `notDecodable` for a payload that it does not take. */
  decode(payload: unknown, walk: DecodingWalk, depth: number): unknown;
};

/** As it is read and written. */
export type Kind<Value> = ReadKind & {
  /** What stands under the tag for `value`, which stands at `depth`. Throws `VALUE_UNSUPPORTED`. */
  encode(value: Value, walk: EncodingWalk, depth: number): unknown;
};

export const notDecodable: unique symbol = Symbol('not decodable');

/** What a kind may ask of the walk that encodes. */
export interface EncodingWalk {
  /** How many more characters may be written, at most. */
  charsLeft: number;
  /** Errors being encoded, outermost first. */
  readonly errorsOpen: Error[];
  /** How many more errors the outermost of these may hold. */
  errorsLeft: number;
  /** The form of a part, which stands at the step `piece` below `depth`. */
  formOfPart(value: unknown, piece: string, depth: number): unknown;
  /** The error for the value that the walk stands at. */
  unsupported(found: string): Error;
  /** The error for a value for which there is no room. */
  tooLarge(): Error;
}

/** What a kind may ask of the walk that decodes. */
export interface DecodingWalk {
  revivePart(form: unknown, piece: string, depth: number): unknown;
}
