/**
 * The one link of the page to its node: how it is, what the node's app has, and the token, which lives as long as the tab.
 */
import { effect, signal } from '@preact/signals';
import type { AppDescription } from '../../../src/protocol/app-description.ts';
import { connectNode } from './connect-node.ts';
import type { LinkState, NodeLink } from './node-link.ts';

const tokenKey = 'tutti.token';

export const linkState = signal<LinkState>('connecting');
export const app = signal<AppDescription | undefined>(undefined);
/** Whether a token was given that the node did not take. */
export const tokenRefused = signal(false);

/** Where the gateway is: beside this page, wherever that is mounted. */
export const gatewayUrl = new URL('.', document.baseURI).href;

const storedToken = (): string | undefined => sessionStorage.getItem(tokenKey) ?? undefined;

const openLink = (): NodeLink => {
  const token = storedToken();
  return connectNode(gatewayUrl, token, (state) => {
    if (state === 'denied') tokenRefused.value = token !== undefined;
    linkState.value = state;
  });
};

/** Another one after another token was given; pages follow it. */
export const link = signal<NodeLink>(openLink());

export const giveToken = (token: string): void => {
  sessionStorage.setItem(tokenKey, token);
  link.value.close();
  linkState.value = 'connecting';
  link.value = openLink();
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
