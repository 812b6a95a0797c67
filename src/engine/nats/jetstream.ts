/**
 * The few requests of the JetStream API that the engine needs. Each is asked again until it is answered: a cluster that elects a
 * leader does not answer, or says that it cannot yet.
 *
 * Written here, because the requests of the client library do not end when a connection breaks, and its batches of direct gets
 * leave a subscription behind each.
 */
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import type { Link, Reply } from './link.ts';

export type ApiError = { readonly code: number; readonly err_code: number; readonly description: string };

/** Numbers that JetStream gives to what went wrong. */
export const apiErrors = {
  streamNotFound: 10_059,
  nameInUse: 10_058,
  messageNotFound: 10_037,
  /** No server leads the others. */
  unavailable: 10_008,
  notEnabledForAccount: 10_039,
  notEnabled: 10_076,
  replicasNotSupported: 10_074,
  wrongLastSequence: 10_071,
  wrongLastSequenceUnknown: 10_164,
} as const;

export type StreamConfig = {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly num_replicas: number;
  readonly [setting: string]: unknown;
};

export type StreamInfo = {
  readonly config: StreamConfig;
  /** When it was made; of one that was made anew under its name another time. */
  readonly created: string;
  readonly state: {
    readonly messages: number;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly deleted?: readonly number[] | null;
    readonly subjects?: Readonly<Record<string, number>>;
  };
  readonly total?: number;
  readonly offset?: number;
  /** Of a stream that servers replicate, or would if there were more than one. */
  readonly cluster?: {
    readonly leader?: string;
    /**
     * All but the leader. `active`: nanoseconds since the leader heard of it, which is once a second at least; 0: not since it leads.
     * `current`: it has what the leader has, and was heard lately.
     */
    readonly replicas?:
      | readonly {
          readonly name: string;
          readonly offline?: boolean;
          readonly current?: boolean;
          readonly active?: number;
          readonly lag?: number;
        }[]
      | null;
  };
};

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const jsonBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));

/** What a server sent as JSON; undefined for what is none. */
export const parseJson = <T>(bytes: Uint8Array): T | undefined => {
  try {
    return JSON.parse(decoder.decode(bytes)) as T;
  } catch {
    return undefined;
  }
};

/** What a server said, or `refused`, `timeout`, `lost`: nobody knows whether it was done. */
export type ApiAnswer<T> = { readonly value: T } | { readonly error: ApiError } | { readonly none: Reply['kind'] };

/** Asks once; with `againMs` what may be asked more than once (`Link.ask`). Throws `CLOSED`. */
export const askApi = async <T>(
  link: Link,
  request: string,
  body: unknown,
  more: { readonly againMs?: number } = {},
): Promise<ApiAnswer<T>> => {
  const sentMs = performance.now();
  const reply = await link.ask(`$JS.API.${request}`, jsonBytes(body), limits.natsRequestMs, more);
  if (reply.kind === 'closed') throw closedError();
  const answer = reply.kind === 'answer' ? parseJson<T & { readonly error?: ApiError }>(reply.message.data) : undefined;
  if (reply.kind !== 'lost')
    link.leaderAnswered('questions', answer !== undefined && answer.error?.err_code !== apiErrors.unavailable, sentMs);
  if (reply.kind !== 'answer') return { none: reply.kind };
  if (answer === undefined) return { none: 'lost' };
  return answer.error === undefined ? { value: answer } : { error: answer.error };
};

/**
 * Asks until there is an answer that is one: `final` says which errors are. Throws `CLOSED`, and after `timeoutMs`, if one is
 * given, `UNREACHABLE`.
 */
export const insistOnApi = async <T>(
  link: Link,
  request: string,
  body: unknown,
  final: (error: ApiError) => boolean,
  timeoutMs: number = Number.POSITIVE_INFINITY,
  more: { readonly againMs?: number } = {},
): Promise<{ readonly value: T } | { readonly error: ApiError }> => {
  const deadline = performance.now() + timeoutMs;
  let said = '';
  do {
    const answer = await askApi<T>(link, request, body, more);
    if ('value' in answer) return answer;
    if ('error' in answer) {
      if (final(answer.error)) return answer;
      said = answer.error.description;
    } else said = answer.none;
    await link.pause(limits.natsRetryMs);
  } while (performance.now() < deadline);
  throw new TuttiError('UNREACHABLE', `NATS did not do ${request}: ${said}.`, { details: { request, said } });
};

/** Asks now and then who leads the servers, if nobody else has asked a leader for something; until the link is closed. */
export const probeLeader = async (link: Link): Promise<void> => {
  for (; !link.closed; await link.pause(limits.natsProbeMs)) if (link.isUnsure) await askApi(link, 'INFO', {});
};

/**
 * The state of a stream as its leader sees it; undefined: there is none. While it has no leader nobody answers: a claim waits for the first
 * moment that there is one.
 */
export const findStream = async (link: Link, stream: string, body: unknown = {}): Promise<StreamInfo | undefined> => {
  const answer = await insistOnApi<StreamInfo>(
    link,
    `STREAM.INFO.${stream}`,
    body,
    (error) => error.err_code === apiErrors.streamNotFound,
    Number.POSITIVE_INFINITY,
    { againMs: limits.natsInfoAgainMs },
  );
  return 'value' in answer ? answer.value : undefined;
};

/** The same of one that must be there. */
export const streamInfo = async (link: Link, stream: string, body: unknown = {}): Promise<StreamInfo> => {
  const info = await findStream(link, stream, body);
  if (info !== undefined) return info;
  throw new TuttiError('ENGINE_SETTINGS', `The stream ${stream} is gone: it was removed from NATS while it was used.`, {
    details: { stream },
  });
};

/** Removes messages below a sequence, or those of subjects, or both. Returns when that is done. */
export const purgeStream = async (
  link: Link,
  stream: string,
  what: { readonly seq?: number; readonly filter?: string },
): Promise<void> => {
  await insistOnApi(link, `STREAM.PURGE.${stream}`, what, (error) => error.err_code === apiErrors.streamNotFound);
};

export const closedError = (): TuttiError =>
  new TuttiError('CLOSED', 'The connection to NATS was closed while a request waited for its answer.');
