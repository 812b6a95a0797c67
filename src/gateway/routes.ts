/** All routes, in the order in which the description of the interface lists them. */
import type { Route } from './route.ts';
import { eventsRoute } from './routes/events.ts';
import { appRoute, healthRoute, metricsRoute, readyRoute } from './routes/node.ts';
import { openapiRoute } from './routes/openapi.ts';
import { sessionRoute, signInRoute, signOutRoute } from './routes/session.ts';
import { startRoute } from './routes/start.ts';
import { cancelRoute, detailRoute, listRoute, logsRoute, retryRoute, statusRoute } from './routes/tasks.ts';

export const routes: readonly Route[] = [
  startRoute,
  listRoute,
  statusRoute,
  detailRoute,
  eventsRoute,
  logsRoute,
  cancelRoute,
  retryRoute,
  appRoute,
  sessionRoute,
  signInRoute,
  signOutRoute,
  healthRoute,
  readyRoute,
  metricsRoute,
  openapiRoute,
];
