/** `npm run simulate`: see `--help`. */
import { installVirtualGlobals, real } from '../../src/testing/virtual-globals.ts';

installVirtualGlobals();
const { planOf } = await import('./plan.ts');
const { runPlan } = await import('./run-seed.ts');

const [first = '1', count = '1'] = process.argv.slice(2);
let events = 0;
let virtualMs = 0;
const began = real.monotonic();
const counts: Record<string, number> = {};
for (let seed = Number(first); seed < Number(first) + Number(count); seed++) {
  const verdict = await runPlan(planOf(`${seed}`));
  events += verdict.events;
  virtualMs += verdict.virtualMs;
  for (const [kind, n] of Object.entries(verdict.counts)) counts[kind] = (counts[kind] ?? 0) + n;
  if (verdict.violation !== undefined || Number(count) === 1) {
    console.log(verdict.seed, verdict.digest, verdict.violation);
    if (process.env['STORY']) console.log(verdict.story.join('\n'));
  }
}
const seconds = (real.monotonic() - began) / 1000;
console.log({
  events,
  hours: virtualMs / 3.6e6,
  seconds,
  perS: Math.round(events / seconds),
  ratio: virtualMs / 1000 / seconds,
});
console.log(counts);
