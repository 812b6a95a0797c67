/** The address bar: which page is shown and how. Behind the `#`, so that a gateway serves one document, wherever it is mounted. */
import { signal } from '@preact/signals';

export type PageName = 'overview' | 'cluster' | 'tasks' | 'task' | 'start';
export type Route = {
  readonly page: PageName;
  /** The id of the task, or the name of the one to start. */
  readonly subject: string | undefined;
  readonly query: URLSearchParams;
};

const pageOf: Readonly<Record<string, PageName>> = {
  '': 'overview',
  cluster: 'cluster',
  tasks: 'tasks',
  task: 'task',
  start: 'start',
};

const parse = (hash: string): Route => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [first = '', ...rest] = path.split('/');
  const subject = rest.join('/');
  return {
    page: pageOf[first] ?? 'overview',
    subject: subject === '' ? undefined : decoded(subject),
    query: new URLSearchParams(query),
  };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export const route = signal<Route>(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

const withQuery = (path: string, query: URLSearchParams): string => {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
};

export const overviewHref = '#/';
export const clusterHref = '#/cluster';
export const tasksHref = (query: Readonly<Record<string, string>> = {}): string =>
  withQuery('#/tasks', new URLSearchParams(query));
export const taskHref = (id: string): string => `#/task/${encodeURIComponent(id)}`;
export const startHref = (name?: string, query: Readonly<Record<string, string>> = {}): string =>
  withQuery(name === undefined ? '#/start' : `#/start/${encodeURIComponent(name)}`, new URLSearchParams(query));

export const goTo = (href: string): void => {
  location.hash = href;
};

/** Changes the query of the page that is shown: no new entry in the history for each letter that is typed. */
export const setQuery = (change: Readonly<Record<string, string | undefined>>): void => {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const [path = ''] = location.hash.split('?');
  history.replaceState(null, '', withQuery(path === '' ? '#/' : path, query));
  route.value = parse(location.hash);
};
