/**
 * What is looked at before a machine takes the place of one with a NATS server that is gone for good.
 *
 * L1  Who is heard, or takes connections anywhere, is not gone: there would be two servers of one name, each with a vote.
 * L2  Of the copies that are left one is known to be complete and the other one is there. What the one that is gone had with a single
 *     other one is lost if that goes as well before the new copy is complete. The machines of both hear of the change.
 * L3  From then on servers know each other by the keys that they have now (R4).
 */
import { TuttiError } from '../errors/tutti-error.ts';
import { limits } from '../limits.ts';
import type { KeyPairFile } from '../security/key-pair-file.ts';
import { placeOf } from '../security/server-request.ts';
import { hostAndPort, portOf } from './ports.ts';
import { knownMachine, type Roster, type RosterMachine, serversMissing, serversOf } from './roster.ts';
import { answers, serverKeyAt } from './server-probe.ts';

/** The machine of this name, if its place can be taken at all. Throws `OPTION_INVALID`. `self`: who began the cluster. */
export const replaceable = (roster: Roster, self: string, name: string): Required<RosterMachine> => {
  const refused = (why: string): TuttiError =>
    new TuttiError('OPTION_INVALID', why, { details: { option: 'replace' } });
  const machine = knownMachine(roster, name);
  if (name === self)
    throw refused(
      `${name} began the cluster and keeps its authority, which no other machine can have instead: only a copy of its security/ goes on, on a machine with its address.`,
    );
  const { server } = machine;
  if (server === undefined)
    throw refused(
      `${name} runs no NATS server of the cluster, so nothing is missing without it. Take it out with tutti leave ${name} --yes, and join without --replace.`,
    );
  if (serversMissing(roster) > 0)
    throw refused(
      `The cluster has not begun to serve: it waits for machines to join, and ${name} has no copies yet. Bring ${name} back, or begin the cluster anew.`,
    );
  return { ...machine, server };
};

export type Surroundings = {
  /** How long ago a machine was heard, in milliseconds; undefined: it is not any more. */
  readonly heardMs: (name: string) => number | undefined;
  /** What to show to servers of the cluster. */
  readonly pair: () => KeyPairFile;
  /** `ok`: the server of this machine has all of its copies; or what it lacks. */
  readonly copies: () => Promise<string>;
};

/** L1, L2. The keys of all other servers (L3), by machine. Rejects with `JOIN_REFUSED`. */
export const lookAround = async (
  roster: Roster,
  self: string,
  gone: Required<RosterMachine>,
  { heardMs, pair, copies }: Surroundings,
): Promise<ReadonlyMap<string, string>> => {
  const refused = (why: string): TuttiError =>
    new TuttiError('JOIN_REFUSED', why, { details: { replaces: gone.name } });
  const heard = heardMs(gone.name);
  if (heard !== undefined)
    throw refused(
      `${gone.name} is not gone: it was heard ${Math.ceil(heard / 1_000)} s ago. A machine that runs needs no other in its place; end it for good first, and repeat the command ${(2 * limits.rosterWaitMs) / 1_000} s later.`,
    );
  const places = placesOf(gone);
  const answering = await Promise.all(places.map(answers));
  const where = places.find((_, index) => answering[index]);
  if (where !== undefined)
    throw refused(
      `${gone.name} is not gone: somebody answers at ${where}, which is its address. End it for good first, and repeat the command.`,
    );
  const said = await copies();
  if (said !== 'ok')
    throw refused(
      `The NATS server of ${self} does not have all of its copies now (${said}), and ${gone.name} may have had what it lacks. Repeat the command when tutti status has no complaint.`,
    );
  const keys = new Map<string, string>();
  for (const { name, server } of serversOf(roster).filter((one) => one.name !== gone.name)) {
    if (name !== self && heardMs(name) === undefined)
      throw refused(
        `${name} was not heard for ${limits.rosterWaitMs / 1_000} s, so it cannot be told. A copy can be made anew only while the other two are there: bring ${name} back, then repeat the command.`,
      );
    try {
      keys.set(name, await serverKeyAt(server.client, name, pair()));
    } catch (error) {
      throw refused(
        `The NATS server of ${name} does not answer at ${server.client} (${error instanceof Error ? error.message : String(error)}). A copy can be made anew only while the other two are there: bring ${name} back, then repeat the command.`,
      );
    }
  }
  return keys;
};

/** Where a machine with a server takes connections of other machines and clients. */
const placesOf = ({ server }: Required<RosterMachine>): readonly string[] => {
  const { host, port } = placeOf(server.client);
  const { gateway, lifeLine, client, route } = portOf(port - portOf(0).client);
  return [route, client, lifeLine, gateway].map((one) => hostAndPort(host, one));
};
