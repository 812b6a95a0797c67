/**
 * What members of a cluster ask the machine that began it: `POST /v1/member/<what>` at the address where machines join, JSON both ways,
 * by who shows the certificate of a node in the roster.
 *
 * History: version 1, the first.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import type { RenewalRequest } from '../security/authority.ts';
import type { Registrar } from './registrar.ts';

export type MemberRequests = {
  /** Which one is in use; answered with a newer one, or after a while with the same. */
  readonly roster: { readonly version: number };
  readonly renew: RenewalRequest;
  readonly drain: { readonly name: string; readonly drained: boolean };
  readonly remove: { readonly name: string };
};

export const memberPath = '/v1/member/';

/** Answers for the member `name`, until its connection is `gone`. Throws the error to be told. */
export const answerMember = async (
  what: string,
  body: string,
  { name, gone }: { readonly name: string; readonly gone: AbortSignal },
  registrar: Registrar,
): Promise<object> => {
  const value = parsed(body);
  switch (what as keyof MemberRequests) {
    case 'roster':
      if (Number.isSafeInteger(value['version'])) return registrar.next(name, value['version'] as number, gone);
      break;
    case 'renew': {
      const { certificate, request, signature } = value;
      if (typeof certificate === 'string' && typeof request === 'string' && typeof signature === 'string')
        return { certificate: await registrar.renew({ certificate, request, signature }) };
      break;
    }
    case 'drain':
      if (typeof value['name'] === 'string' && typeof value['drained'] === 'boolean') {
        await registrar.setDrained(value['name'], value['drained']);
        return {};
      }
      break;
    case 'remove':
      if (typeof value['name'] === 'string') {
        await registrar.remove(value['name']);
        return {};
      }
      break;
    default:
      throw new TuttiError('ROUTE_UNKNOWN', `Members of the cluster cannot ask for ${JSON.stringify(what)}.`);
  }
  throw new TuttiError('PROTOCOL_INVALID', `That is no request for ${what}.`);
};

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new TuttiError('PROTOCOL_INVALID', 'That is no JSON object.');
};
