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

type Lack = { readonly type?: string };

/** Of how many streams it has no copy that is current; undefined: it does not know yet. */
export const streamsLacking = async (monitor: Listen): Promise<number | undefined> => {
  try {
    const { errors = [] } = (await ask(monitor, 'healthz?details=true')) as { readonly errors?: readonly Lack[] };
    return errors.every(({ type }) => type === 'STREAM') ? errors.length : undefined;
  } catch {
    return undefined;
  }
};

/** Any page of the monitoring address, as JSON. */
export const ask = async ({ host, port }: Listen, page: string): Promise<unknown> => {
  const response = await fetch(`http://${host}:${port}/${page}`, { signal: AbortSignal.timeout(timeoutMs) });
  return response.json();
};
