/** What a server says of itself over its monitoring address. */
import type { Listen } from './server-config.ts';

const timeoutMs = 2_000;

/** `ok`, or what is amiss. `enabled`: it listens and has JetStream; `current`: it takes part and its streams are current. */
export const health = async (monitor: Listen, what: 'enabled' | 'current'): Promise<string> => {
  try {
    const answer = (await ask(monitor, `healthz${what === 'enabled' ? '?js-enabled-only=true' : ''}`)) as {
      readonly status?: string;
      readonly error?: string;
    };
    return answer.error ?? answer.status ?? 'no status';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

type Stores = {
  readonly account_details?: readonly { readonly stream_detail?: readonly { readonly name: string }[] }[];
};
type Lacks = { readonly errors?: readonly { readonly type?: string; readonly stream?: string }[] };

/**
 * Of how many streams it has a current copy; undefined: it does not know yet. `health` says `ok` of a server that has just begun and
 * was not told yet which streams there are.
 */
export const currentStreams = async (monitor: Listen): Promise<number | undefined> => {
  try {
    // In this order: what is there is looked at afterwards.
    const { account_details: accounts = [] } = (await ask(monitor, 'jsz?accounts=true&streams=true')) as Stores;
    const { errors = [] } = (await ask(monitor, 'healthz?details=true')) as Lacks;
    if (errors.some(({ type }) => type !== 'STREAM')) return undefined;
    const lacking = new Set(errors.map(({ stream }) => stream));
    const streams = accounts.flatMap(({ stream_detail: here = [] }) => here);
    return streams.filter(({ name }) => !lacking.has(name)).length;
  } catch {
    return undefined;
  }
};

/** Any page of the monitoring address, as JSON. */
export const ask = async ({ host, port }: Listen, page: string): Promise<unknown> => {
  const response = await fetch(`http://${host}:${port}/${page}`, { signal: AbortSignal.timeout(timeoutMs) });
  return response.json();
};
