/** What tests import from `tutti/testing`. */

export {
  type CrashDifference,
  type CrashOptions,
  type CrashReport,
  crashAtEveryStep,
  type TaskOutcome,
} from './crash-at-every-step.ts';
export type { FaultKind } from './drawn-faults.ts';
export type { AppUnderTest, SimulateOptions, WorldOptions } from './settings.ts';
export { type ScenarioAddress, type SimulatedRun, simulate } from './simulate.ts';
export type { Scenario, World } from './world.ts';
