/** What stands around every page: where one can go, how the link to the node is, light or dark. */
import type { ComponentChildren, JSX } from 'preact';
import { FaultNotice } from '../cluster/fault-notice.tsx';
import type { LinkState } from '../link/node-link.ts';
import { overview } from '../link/overview.ts';
import { gatewayUrl, linkState, signedIn, signOut } from '../link/session.ts';
import { clusterHref, overviewHref, type PageName, route, startHref, tasksHref } from '../route.ts';
import { type Theme, theme } from '../theme.ts';
import { brandIcon, lostDot, moonIcon, openDot, screenIcon, sunIcon, waitDot } from './icon.tsx';

const places: readonly { href: string; text: string; pages: readonly PageName[] }[] = [
  { href: overviewHref, text: 'Overview', pages: ['overview'] },
  { href: clusterHref, text: 'Cluster', pages: ['cluster'] },
  { href: tasksHref(), text: 'Tasks', pages: ['tasks', 'task'] },
  { href: startHref(), text: 'Start', pages: ['start'] },
];

/** That of a cluster only where there is one. */
const shownPlaces = (): typeof places =>
  overview.value?.cluster === undefined && route.value.page !== 'cluster'
    ? places.filter(({ href }) => href !== clusterHref)
    : places;

const themes: readonly { name: Theme; text: string; icon: JSX.Element }[] = [
  { name: 'system', text: 'As the system', icon: screenIcon },
  { name: 'light', text: 'Light', icon: sunIcon },
  { name: 'dark', text: 'Dark', icon: moonIcon },
];

const linkTexts: Readonly<Record<LinkState, { text: string; icon: JSX.Element }>> = {
  connecting: { text: 'Connecting', icon: waitDot },
  open: { text: 'Live', icon: openDot },
  lost: { text: 'Reconnecting', icon: lostDot },
  denied: { text: 'Token needed', icon: lostDot },
};

const LinkStateView = (): JSX.Element => {
  const { text, icon } = linkTexts[linkState.value];
  return (
    <span class={`link-state ${linkState.value}`} role="status">
      {icon}
      <span>{text}</span>
      <span class="address faint mono">{new URL(gatewayUrl).host}</span>
    </span>
  );
};

const ThemeSwitch = (): JSX.Element => (
  <fieldset class="themes" aria-label="Colours">
    {themes.map(({ name, text, icon }) => (
      <button
        key={name}
        type="button"
        title={text}
        aria-label={text}
        aria-pressed={theme.value === name}
        onClick={() => {
          theme.value = name;
        }}
      >
        {icon}
      </button>
    ))}
  </fieldset>
);

export const Frame = ({ children }: { children: ComponentChildren }): JSX.Element => (
  <div class="frame">
    <header class="bar">
      <button type="button" class="skip" onClick={skipToContent}>
        Skip to content
      </button>
      <a class="brand" href={overviewHref}>
        {brandIcon}
        Tutti
      </a>
      <nav aria-label="Pages">
        {shownPlaces().map(({ href, text, pages }) => (
          <a key={href} href={href} aria-current={pages.includes(route.value.page) ? 'page' : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="right">
        <LinkStateView />
        {signedIn.value ? (
          <button type="button" class="plain" onClick={() => void signOut()}>
            Sign out
          </button>
        ) : null}
        <ThemeSwitch />
      </div>
    </header>
    {linkState.value === 'lost' ? (
      <p class="notice" role="status">
        The node does not answer. What is shown may be old; this page goes on when the node is back.
      </p>
    ) : (
      <FaultNotice />
    )}
    <main id="content" tabindex={-1}>
      {children}
    </main>
  </div>
);

const skipToContent = (): void => {
  document.getElementById('content')?.focus();
};
