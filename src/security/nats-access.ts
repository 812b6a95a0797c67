/**
 * Whom the NATS servers of a cluster let in, and to what: plain data, from which the server's configuration is written.
 *
 * A user is a certificate. With `verify_and_map` the server takes the URI in it for the user's name, whatever the client says, so
 * there is no second secret that could be stolen or must be changed.
 *
 * N1  An app is an account of its own. What another account publishes, streams or stores does not exist in it.
 * N2  A node is a user of its app's account, and listed: one that is taken off the list is cut at the next reload.
 * N3  Routes are for certificates of servers only. A node's certificate is of the same authority; over a route it would see
 *     all accounts.
 * N4  Operating the servers (the system account) is for certificates of servers too.
 * N5  A node may do in its account what a node of its app needs, and no more: `NodeRights` says what that is.
 */
import { serverRole, uriOf } from './identity.ts';

/** The members of a cluster: nodes by their app, and machines that run servers. */
export type NatsMembers = {
  readonly apps: Readonly<Record<string, readonly string[]>>;
  readonly servers: readonly string[];
};

/** What the configuration of each server says; `verify_and_map` for clients and for routes goes with it. */
export type NatsAccess<Rights = unknown> = {
  readonly accounts: Readonly<Record<string, NatsAccount<Rights>>>;
  readonly systemAccount: string;
  /** Whom certificates must name to open a route. */
  readonly routes: { readonly user: string };
};

export type NatsAccount<Rights = unknown> = {
  readonly jetstream: boolean;
  readonly users: readonly { readonly user: string; readonly permissions?: Rights }[];
};

/** What one node of an app needs, in the words of the servers' configuration. */
export type NodeRights<Rights> = (app: string, node: string) => Rights;

const systemAccount = 'SYS';

/** The account of an app. Apart from names that NATS gives itself. */
export const accountOf = (app: string): string => `app-${app}`;

/** The same members give the same data, in whatever order they come. Throws `OPTION_INVALID` for names that cannot be. */
export const natsAccess = <Rights>(
  { apps, servers }: NatsMembers,
  rightsOf: NodeRights<Rights>,
): NatsAccess<Rights> => {
  const operators = sorted(servers).map((name) => ({ user: uriOf({ kind: 'server', name }) }));
  const accounts: Record<string, NatsAccount<Rights>> = { [systemAccount]: { jetstream: false, users: operators } };
  for (const app of Object.keys(apps).sort()) {
    const users = sorted(apps[app] ?? []).map((name) => ({
      user: uriOf({ kind: 'node', app, name }),
      permissions: rightsOf(app, name),
    }));
    accounts[accountOf(app)] = { jetstream: true, users };
  }
  return { accounts, systemAccount, routes: { user: serverRole } };
};

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
