/**
 * What nodes ask each other where one is to start a task that its own app lacks: to check the input by the schema that the other's app
 * has, and to say the task's policy. Nothing is started by it, so that it may be asked twice, and of several.
 *
 * Versions: 1, the first. A node from before it listens to no questions. One that is asked in another version says that it cannot; an
 * answer that is not understood counts as that.
 */
import { pack, unpack } from 'msgpackr';

export const specFormat = 1;

/** `input` in JSON form. */
export type SpecQuestion = { readonly name: string; readonly input: string };

export type SpecAnswer =
  /** The input as the schema makes of it, and the recorded form of the policy; undefined: the default in everything. */
  | { readonly kind: 'spec'; readonly input: string; readonly policy: string | undefined }
  /** An encoded error: it is refused, as it would be by whoever else has the task. */
  | { readonly kind: 'refused'; readonly error: string }
  /** Others may know more: it has no such task, or ends. */
  | { readonly kind: 'cannot' };

type Fields =
  | readonly [format: number, kind: 'spec', input: string, policy: string | null]
  | readonly [format: number, kind: 'refused', error: string]
  | readonly [format: number, kind: 'cannot'];

export const encodeQuestion = ({ name, input }: SpecQuestion): Uint8Array => pack([specFormat, name, input]);

/** Undefined: of a format that this version does not know, or no question at all. */
export const decodeQuestion = (bytes: Uint8Array): SpecQuestion | undefined => {
  const fields = fieldsOf(bytes);
  if (fields === undefined) return undefined;
  const [, name, input] = fields;
  return typeof name === 'string' && typeof input === 'string' ? { name, input } : undefined;
};

export const encodeAnswer = (answer: SpecAnswer): Uint8Array => {
  const fields = (): Fields => {
    switch (answer.kind) {
      case 'spec':
        return [specFormat, 'spec', answer.input, answer.policy ?? null];
      case 'refused':
        return [specFormat, 'refused', answer.error];
      case 'cannot':
        return [specFormat, 'cannot'];
      default:
        return answer satisfies never;
    }
  };
  return pack(fields());
};

export const decodeAnswer = (bytes: Uint8Array): SpecAnswer => {
  const [, kind, text, policy] = fieldsOf(bytes) ?? [];
  if (kind === 'spec' && typeof text === 'string')
    return { kind, input: text, policy: typeof policy === 'string' ? policy : undefined };
  if (kind === 'refused' && typeof text === 'string') return { kind, error: text };
  return { kind: 'cannot' };
};

const fieldsOf = (bytes: Uint8Array): readonly unknown[] | undefined => {
  try {
    const fields: unknown = unpack(bytes);
    return Array.isArray(fields) && fields[0] === specFormat ? fields : undefined;
  } catch {
    return undefined;
  }
};
