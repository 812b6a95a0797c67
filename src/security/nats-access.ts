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
 */
import { serverRole, uriOf } from './identity.ts';

/** The members of a cluster: nodes by their app, and machines that run servers. */
export type NatsMembers = {
  readonly apps: Readonly<Record<string, readonly string[]>>;
  readonly servers: readonly string[];
};

/** In the words of nats-server's configuration. */
export type NatsAccess = {
  /** For the block `tls` of clients, beside the files. */
  readonly clientTls: { readonly verify_and_map: true };
  readonly accounts: Readonly<Record<string, NatsAccount>>;
  readonly systemAccount: string;
  /** For the block `cluster`, and `tls` in it. */
  readonly routes: {
    readonly authorization: { readonly user: string };
    readonly tls: { readonly verify_and_map: true };
  };
};

export type NatsAccount = { readonly jetstream: boolean; readonly users: readonly string[] };

const systemAccount = 'SYS';

/** The account of an app. Apart from names that NATS gives itself. */
export const accountOf = (app: string): string => `app-${app}`;

/** The same members give the same data, in whatever order they come. Throws `OPTION_INVALID` for names that cannot be. */
export const natsAccess = (members: NatsMembers): NatsAccess => {
  const accounts: Record<string, NatsAccount> = {
    [systemAccount]: {
      jetstream: false,
      users: sorted(members.servers.map((name) => uriOf({ kind: 'server', name }))),
    },
  };
  for (const app of sorted(Object.keys(members.apps))) {
    const users = (members.apps[app] ?? []).map((name) => uriOf({ kind: 'node', app, name }));
    accounts[accountOf(app)] = { jetstream: true, users: sorted(users) };
  }
  return {
    clientTls: { verify_and_map: true },
    accounts,
    systemAccount,
    routes: { authorization: { user: serverRole }, tls: { verify_and_map: true } },
  };
};

const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort();
