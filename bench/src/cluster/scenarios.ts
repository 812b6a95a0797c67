/** All scenarios of `npm run bench:cluster`, in the order in which they run. */
import type { Scenario } from '../scenario.ts';
import { clusterIdle, clusterJoin } from './membership-scenarios.ts';
import { clusterSkewed, clusterSlowNode, clusterWaiting } from './spread-scenarios.ts';
import { clusterLatency, clusterNoop, clusterSteps } from './task-scenarios.ts';

export const scenarios: readonly Scenario[] = [
  clusterNoop,
  clusterLatency,
  clusterSteps,
  clusterWaiting,
  clusterSlowNode,
  clusterSkewed,
  clusterJoin,
  clusterIdle,
];
