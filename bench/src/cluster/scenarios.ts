/** All scenarios of `npm run bench:cluster`, in the order in which they run. */
import type { Scenario } from '../scenario.ts';
import { clusterFanOut, clusterMapMillion } from './map-scenarios.ts';
import { clusterIdle, clusterJoin } from './membership-scenarios.ts';
import { clusterQueuedMillion } from './queue-scenario.ts';
import { clusterSkewed, clusterSlowNode, clusterWaiting } from './spread-scenarios.ts';
import { clusterLatency, clusterNoop, clusterSteps } from './task-scenarios.ts';

export const scenarios: readonly Scenario[] = [
  clusterNoop,
  clusterLatency,
  clusterSteps,
  clusterFanOut,
  clusterMapMillion,
  clusterQueuedMillion,
  clusterWaiting,
  clusterSlowNode,
  clusterSkewed,
  clusterJoin,
  clusterIdle,
];
