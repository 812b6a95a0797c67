/** One run that is looked at. */
import type { Plan } from '../plan.ts';
import { runPlan, type Verdict } from '../run-seed.ts';
import { workloads } from '../workloads.ts';
import { Trace } from './trace.ts';

export type Traced = { readonly verdict: Verdict; readonly trace: Trace };

export const runTraced = async (plan: Plan): Promise<Traced> => {
  const workload = workloads[plan.workload];
  if (workload === undefined) throw new Error(`There is no workload ${plan.workload}.`);
  const trace = new Trace(workload.describe);
  return { verdict: await runPlan(plan, trace), trace };
};
