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

/** Any page of the monitoring address, as JSON. */
export const ask = async ({ host, port }: Listen, page: string): Promise<unknown> => {
  const response = await fetch(`http://${host}:${port}/${page}`, { signal: AbortSignal.timeout(timeoutMs) });
  return response.json();
};
