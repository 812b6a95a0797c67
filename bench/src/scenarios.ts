/** All scenarios, in the order in which they run. */
import type { Scenario } from './scenario.ts';
import { clientLatency, clientNoop } from './scenarios/client-noop.ts';
import { controlTraffic } from './scenarios/control-traffic.ts';
import { devRestart } from './scenarios/dev-restart.ts';
import { fanOutScenario } from './scenarios/fan-out.ts';
import { followers } from './scenarios/followers.ts';
import { httpStarts } from './scenarios/http-starts.ts';
import { listMillion } from './scenarios/list-million.ts';
import { mapMillion } from './scenarios/map-million.ts';
import { natsLog } from './scenarios/nats-log.ts';
import { overload } from './scenarios/overload.ts';
import { pageLoad } from './scenarios/page-load.ts';
import { queuedMillion } from './scenarios/queued-million.ts';
import { recovery } from './scenarios/recovery.ts';
import { simulateRegisters, simulateTasks } from './scenarios/simulate.ts';
import { simulatedMonth } from './scenarios/simulated-month.ts';
import { steps } from './scenarios/steps.ts';
import { taskLatency } from './scenarios/task-latency.ts';
import { tasksNoop } from './scenarios/tasks-noop.ts';
import { transactHot, transactSpread } from './scenarios/transact.ts';

export const scenarios: readonly Scenario[] = [
  tasksNoop,
  taskLatency,
  steps,
  fanOutScenario,
  mapMillion,
  transactHot,
  transactSpread,
  recovery,
  queuedMillion,
  listMillion,
  clientNoop,
  clientLatency,
  httpStarts,
  followers,
  pageLoad,
  devRestart,
  overload,
  natsLog,
  simulatedMonth,
  simulateRegisters,
  simulateTasks,
  controlTraffic,
];
