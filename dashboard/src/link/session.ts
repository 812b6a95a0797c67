/**
 * The one link of the page to its node: how it is, and what the node's app has. Where the node wants a token it is traded for a
 * cookie that scripts cannot read; the page keeps none.
 */
import { effect, signal } from '@preact/signals';
import type { AppDescription } from '../../../src/protocol/app-description.ts';
import { connectNode } from './connect-node.ts';
import type { LinkState, NodeLink } from './node-link.ts';

/** Where the gateway is: beside this page, wherever that is mounted. */
export const gatewayUrl = new URL('.', document.baseURI).href;
const sessionUrl = new URL('v1/session', gatewayUrl);

export const linkState = signal<LinkState>('connecting');
export const app = signal<AppDescription | undefined>(undefined);
/** Whether the node wants a token, and this page was let in with one. */
export const signedIn = signal(false);

const openLink = (): NodeLink =>
  connectNode(gatewayUrl, (state) => {
    linkState.value = state;
  });

/** Another one after signing in or out; pages follow it. */
export const link = signal<NodeLink>(openLink());

const reconnect = (): void => {
  link.value.close();
  linkState.value = 'connecting';
  link.value = openLink();
};

/** Whether the node takes the token. Rejects where it cannot be asked. */
export const signIn = async (token: string): Promise<boolean> => {
  const response = await fetch(sessionUrl, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  if (response.ok) reconnect();
  return response.ok;
};

export const signOut = async (): Promise<void> => {
  await fetch(sessionUrl, { method: 'DELETE' });
  signedIn.value = false;
  reconnect();
};

/** Asked at once, which is what connects, and whenever there is another connection: after a restart the app may be another. */
let lastAsked: NodeLink | undefined;
effect(() => {
  const node = link.value;
  if (linkState.value !== 'open' && node === lastAsked) return;
  lastAsked = node;
  node.app().then(
    (described) => {
      if (described.fingerprint !== app.peek()?.fingerprint) app.value = described;
    },
    () => undefined,
  );
});

effect(() => {
  if (linkState.value !== 'open') return;
  fetch(sessionUrl)
    .then((response) => response.json() as Promise<{ tokenAsked: boolean }>)
    .then(
      ({ tokenAsked }) => {
        signedIn.value = tokenAsked;
      },
      () => undefined,
    );
});
