/**
 * The roster: which machines a cluster has, and what each of them is to do. The machine that began the cluster writes it, all others
 * have copies of it: NATS servers let in whom it names, and route to the servers in it. Pure data and functions.
 *
 * R1  `version` grows by one with each change.
 * R2  A cluster has as many NATS servers as copies of each record, no more: those of the first machines that join. Until all of
 *     them are named, none is started: who is in NATS's own groups is settled before they begin.
 * R3  The name of a machine that was taken out is given to nobody as long as its certificate is good: it would be let in under it.
 * R4  What a server is called among NATS servers names a place in their groups and not a machine: who takes the place of one that is
 *     gone for good has that name, so no group changes its members. From then on servers know each other by their keys, since the
 *     certificate of the one that is gone opens routes until it runs out.
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { NatsMembers } from '../security/nats-access.ts';

export type RosterServer = {
  /** Where it takes other servers and clients, `host:port`. */
  readonly route: string;
  readonly client: string;
  /** Its name among NATS servers, where that is not the machine's (R4). */
  readonly name?: string;
  /** SHA-256 of its public key, hexadecimal; missing where no server was replaced yet. */
  readonly key?: string;
};

export type RosterMachine = {
  readonly name: string;
  /** Its NATS server; missing: it runs none. */
  readonly server?: RosterServer;
  /** Its node is to hold and run nothing. */
  readonly drained: boolean;
};

export type Roster = {
  readonly version: number;
  /** Names the cluster, and its app. */
  readonly cluster: string;
  readonly replicas: number;
  readonly partitions: number;
  /** NATS servers that were there before, as addresses; none: the machines run their own. */
  readonly nats: readonly string[];
  /** What requests at the gateways must name, where other machines reach them. */
  readonly gatewayToken?: string;
  /** The first one began the cluster. */
  readonly machines: readonly RosterMachine[];
  /** Names that nobody may have until then, in milliseconds since 1970. */
  readonly gone: readonly { readonly name: string; readonly untilMs: number }[];
};

export const machineIn = (roster: Roster, name: string): RosterMachine | undefined =>
  roster.machines.find((machine) => machine.name === name);

/** Throws `OPTION_INVALID` where there is none of that name. */
export const knownMachine = (roster: Roster, name: string): RosterMachine => {
  const machine = machineIn(roster, name);
  if (machine !== undefined) return machine;
  throw new TuttiError(
    'OPTION_INVALID',
    `The cluster has no machine ${JSON.stringify(name)}. It has: ${roster.machines.map((one) => one.name).join(', ')}.`,
    { details: { name } },
  );
};

/** R2 */
export const serversMissing = ({ nats, replicas, machines }: Roster): number =>
  nats.length > 0 ? 0 : replicas - machines.filter(({ server }) => server !== undefined).length;

export const serversOf = ({ machines }: Roster): readonly Required<RosterMachine>[] =>
  machines.filter((machine): machine is Required<RosterMachine> => machine.server !== undefined);

/** The name of its server among NATS servers (R4). */
export const serverName = ({ name, server }: Required<RosterMachine>): string => server.name ?? name;

/** The keys of the servers that others let in; undefined: all that have a certificate of the cluster as a server. */
export const serverKeys = (roster: Roster): readonly string[] | undefined => {
  const keys = serversOf(roster).flatMap(({ server }) => server.key ?? []);
  return keys.length > 0 && keys.length === serversOf(roster).length ? keys : undefined;
};

/** Whether a machine of this name would be to run a server: it does, or one is missing. */
export const wantsServer = (roster: Roster, name: string): boolean => {
  const known = machineIn(roster, name);
  return known === undefined ? serversMissing(roster) > 0 : known.server !== undefined;
};

/** Whether nobody else may have this name. */
export const isTaken = (roster: Roster, name: string, now: number): boolean =>
  machineIn(roster, name) !== undefined || roster.gone.some((one) => one.name === name && one.untilMs > now);

/** Throws `OVERLOADED` where there are as many as there may be. */
export const withMachine = (roster: Roster, machine: RosterMachine): Roster => {
  if (machineIn(roster, machine.name) === undefined && roster.machines.length >= limits.machinesMax)
    throw new TuttiError('OVERLOADED', `A cluster has up to ${limits.machinesMax} machines.`);
  const replaced = roster.machines.map((one) => (one.name === machine.name ? machine : one));
  const known = replaced.includes(machine);
  return { ...roster, version: roster.version + 1, machines: known ? replaced : [...replaced, machine] };
};

/** R3; `untilMs`: when its certificate runs out at the latest. */
export const withoutMachine = (roster: Roster, name: string, now: number, untilMs: number): Roster => ({
  ...roster,
  version: roster.version + 1,
  machines: roster.machines.filter((machine) => machine.name !== name),
  gone: [...roster.gone.filter((one) => one.untilMs > now), { name, untilMs }],
});

/**
 * R3, R4: `machine`, which is new, instead of `gone`, in the place that its server had; `keys`: of all servers that stay, by the names of
 * their machines.
 */
export const withReplacement = (
  roster: Roster,
  gone: Required<RosterMachine>,
  machine: Required<RosterMachine>,
  keys: ReadonlyMap<string, string>,
  now: number,
  untilMs: number,
): Roster => {
  const left = withoutMachine(roster, gone.name, now, untilMs);
  const known = left.machines.map((one) => {
    const key = keys.get(one.name);
    return one.server === undefined || key === undefined ? one : { ...one, server: { ...one.server, key } };
  });
  const server = { ...machine.server, name: serverName(gone) };
  return { ...left, machines: [...known, { ...machine, server }] };
};

/** Whom the NATS servers let in. */
export const membersOf = (roster: Roster): NatsMembers => ({
  servers: serversOf(roster).map(({ name }) => name),
  apps: { [roster.cluster]: roster.machines.map(({ name }) => name) },
});

/** Reads what a file or another machine says. Throws `DATA_FORMAT`. */
export const readRoster = (text: string): Roster => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told below.
  }
  if (isRoster(value)) return value;
  throw new TuttiError(
    'DATA_FORMAT',
    'The list of the machines of the cluster is not one that this version of Tutti writes.',
  );
};

const isRoster = (value: unknown): value is Roster => {
  const roster = (value ?? {}) as Partial<Record<keyof Roster, unknown>>;
  return (
    [roster.version, roster.replicas, roster.partitions].every(Number.isSafeInteger) &&
    typeof roster.cluster === 'string' &&
    ['string', 'undefined'].includes(typeof roster.gatewayToken) &&
    Array.isArray(roster.nats) &&
    roster.nats.every((one) => typeof one === 'string') &&
    Array.isArray(roster.machines) &&
    roster.machines.every(isMachine) &&
    Array.isArray(roster.gone)
  );
};

const isMachine = (value: unknown): value is RosterMachine => {
  const { name, server, drained } = (value ?? {}) as Partial<Record<keyof RosterMachine, unknown>>;
  const { route, client, ...more } = (server ?? { route: '', client: '' }) as Record<string, unknown>;
  const texts = [name, route, client, more['name'] ?? '', more['key'] ?? ''];
  return typeof drained === 'boolean' && texts.every(isText);
};

const isText = (value: unknown): boolean => typeof value === 'string';
