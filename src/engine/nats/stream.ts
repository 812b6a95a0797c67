/**
 * Makes sure of a stream: makes it as Tutti needs it, or sees that the one that is there is such a one.
 *
 * A stream has its final number of replicas from the start: raising it later is a repair of NATS's that has lost data.
 */
import { headers as natsHeaders } from '@nats-io/transport-node';
import { TuttiError } from '../../errors/tutti-error.ts';
import { limits } from '../../limits.ts';
import {
  type ApiError,
  apiErrors,
  closedError,
  insistOnApi,
  type StreamConfig,
  type StreamInfo,
  streamInfo,
} from './jetstream.ts';
import type { Link } from './link.ts';

/** What acknowledged records rely on; a stream that differs in these is not used. */
const needed = {
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  max_msgs: -1,
  max_bytes: -1,
  max_age: 0,
  max_msgs_per_subject: -1,
  allow_direct: true,
} as const;

/** Throws `ENGINE_SETTINGS` for a stream that cannot be used, `UNREACHABLE` if there is no cluster that could make it. */
export const ensureStream = async (
  link: Link,
  stream: { readonly name: string; readonly subjects: readonly string[]; readonly replicas: number },
): Promise<void> => {
  const { name, subjects, replicas } = stream;
  const config: StreamConfig = {
    ...needed,
    name,
    subjects,
    num_replicas: replicas,
    compression: 'none',
    // Nobody removes a single record of a log.
    deny_delete: true,
    // Repeats are refused by their position; what is remembered for this costs memory.
    duplicate_window: 100_000_000,
  };
  const answer = await insistOnApi<StreamInfo>(link, `STREAM.CREATE.${name}`, config, isFinal, limits.natsOpenMs);
  if ('value' in answer) return untilHeard(link, (subjects[0] as string).replace('>', 'probe'));
  if (answer.error.err_code !== apiErrors.nameInUse)
    throw unusable(name, `cannot be made: ${answer.error.description}`);
  const { config: found } = await streamInfo(link, name);
  for (const [setting, value] of Object.entries({ ...needed, num_replicas: replicas }))
    if (found[setting] !== value) throw unusable(name, `has ${setting} ${found[setting]}, and ${value} is needed`);
  const missing = subjects.find((subject) => !found.subjects.includes(subject));
  if (missing !== undefined) throw unusable(name, `does not hold ${missing}`);
  await untilHeard(link, (subjects[0] as string).replace('>', 'probe'));
};

/**
 * Each server learns of a new stream in its own time, and says that nobody is there until then. A message that another stream is
 * expected for is refused by whoever takes it, and changes nothing.
 */
const untilHeard = async (link: Link, subject: string): Promise<void> => {
  const headers = natsHeaders();
  headers.set('Nats-Expected-Stream', '-');
  const deadline = performance.now() + limits.natsOpenMs;
  do {
    const reply = await link.ask(subject, new Uint8Array(0), limits.natsRequestMs, { headers });
    if (reply.kind === 'answer') return;
    if (reply.kind === 'closed') throw closedError();
    await link.pause(limits.natsRetryMs);
  } while (performance.now() < deadline);
  throw new TuttiError('UNREACHABLE', `No NATS server takes messages for ${subject}.`, { details: { subject } });
};

const isFinal = ({ err_code: code }: ApiError): boolean =>
  code === apiErrors.nameInUse ||
  code === apiErrors.replicasNotSupported ||
  code === apiErrors.notEnabled ||
  code === apiErrors.notEnabledForAccount;

const unusable = (name: string, why: string): TuttiError =>
  new TuttiError(
    'ENGINE_SETTINGS',
    `The stream ${name} ${why}. The number of replicas is fixed when a cluster is made; a name that others use needs another name of the cluster.`,
    { details: { stream: name, why } },
  );
