/** What the machine that began a cluster says and does when others join: the roster is what it goes by. */
import { TuttiError } from '../errors/tutti-error.ts';
import type { Authority } from '../security/authority.ts';
import type { JoinPorts, NewMember } from '../security/join-handler.ts';
import type { JoinTokens } from '../security/join-tokens.ts';
import type { Registrar } from './registrar.ts';
import { lookAround, replaceable, type Surroundings } from './replacement.ts';
import { machineIn, membersOf, type RosterMachine, serversOf, wantsServer } from './roster.ts';

export type JoiningOptions = Omit<Surroundings, 'heardMs'> & {
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  readonly registrar: Registrar;
  readonly now: () => number;
  /** The name of this machine. */
  readonly self: string;
  readonly say: (fields: Readonly<Record<string, unknown>>, text: string) => void;
};

export const joinPortsOf = (options: JoiningOptions): JoinPorts => {
  const { authority, tokens, registrar, now, self, say, pair, copies } = options;
  return {
    authority,
    tokens,
    now,
    wantsServer: (name) => wantsServer(registrar.roster, name),
    isMember: (name) => registrar.isTaken(name),
    admit: async (member) => {
      await registrar.admit(machineOf(member));
      say({ machine: member.name, server: member.server }, 'a machine has joined');
    },
    replacing: async (replaces, name) => {
      const { roster } = registrar;
      // It lost the answer, and asks again.
      if (machineIn(roster, name)?.server !== undefined && machineIn(roster, replaces) === undefined)
        return async () => undefined;
      const gone = replaceable(roster, self, replaces);
      const keys = await lookAround(roster, self, gone, { heardMs: (one) => registrar.heardMs(one), pair, copies });
      return async (member) => {
        const { server, ...machine } = machineOf(member);
        if (server === undefined || member.serverKey === undefined) throw lacksAddress();
        await registrar.replace(replaces, { ...machine, server: { ...server, key: member.serverKey } }, keys);
        say({ machine: member.name, replaces }, 'a machine has joined in the place of another');
      };
    },
    facts: () => {
      const { cluster, replicas, partitions } = registrar.roster;
      const servers = serversOf(registrar.roster).map(({ server }) => server);
      return {
        cluster,
        replicas,
        partitions,
        routes: servers.map(({ route }) => route),
        clients: servers.map(({ client }) => client),
        members: membersOf(registrar.roster),
      };
    },
  };
};

/** Throws `JOIN_REFUSED`. */
const machineOf = ({ name, server, offers }: NewMember): RosterMachine => {
  const { route, client } = offers;
  if (!server) return { name, drained: false };
  if (!isAddress(route) || !isAddress(client)) throw lacksAddress();
  return { name, drained: false, server: { route, client } };
};

const isAddress = (text: string | undefined): text is string =>
  /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/.test(text ?? '');

const lacksAddress = (): TuttiError =>
  new TuttiError('JOIN_REFUSED', 'The machine is not taken in: it does not say where its server is.');
