/** Why a run was given up. */
import { TuttiError } from '../errors/tutti-error.ts';
import { currentScope } from '../execution/executor/scope.ts';
import { formatDuration } from '../values/duration.ts';
import type { RunSettings } from './thread-messages.ts';
import type { UserWorld } from './user-world.ts';

/** A call that no world has. */
export const refused = (call: string): TuttiError => {
  const attempt = currentScope()?.attempt;
  const who = attempt === undefined ? 'The scenario' : `The task ${attempt.name}`;
  return new TuttiError(
    'SIMULATION_REFUSED',
    `${who} called ${call}, which has no place in a simulated world: what it gives, or when, differs from run to run. Put something in its place that gives the same each time.`,
    { details: attempt === undefined ? { call } : { call, task: attempt.name, id: attempt.id } },
  );
};

const namesShown = 5;
const dayMs = 24 * 3_600_000;

/** A run that did not come to its end. */
export const endless = (world: UserWorld, { timeLimitMs, eventsMax }: RunSettings): TuttiError => {
  const { nowMs, eventCount } = world.simulation;
  const unfinished = world.node.unfinished();
  const tasks =
    unfinished.length === 0
      ? 'no task is unfinished'
      : `unfinished: ${unfinished.slice(0, namesShown).join(', ')}${unfinished.length > namesShown ? ' …' : ''}`;
  return new TuttiError(
    'SIMULATION_ENDLESS',
    `It was not through after ${formatDuration(nowMs)} of virtual time and ${eventCount} events (${tasks}). What it waits for may never come in a simulated world; or it needs more than ${nowMs >= timeLimitMs ? `the timeLimit of ${Math.round(timeLimitMs / dayMs)} days` : `${eventsMax} events`}.`,
    { details: { virtualMs: nowMs, events: eventCount, unfinished: unfinished.slice(0, namesShown) } },
  );
};
