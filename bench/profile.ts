/**
 * Says where the time goes in each thread, from the CPU profiles that a run left:
 *
 *   npm run bench -- tasks-noop --runs 1 --profiles /tmp/profiles
 *   npx node bench/profile.ts /tmp/profiles [how many lines a thread]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuProfile, summarise } from './src/profile-summary.ts';

const [folder, most = '25'] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('Usage: npx node bench/profile.ts FOLDER [LINES]\n');
  process.exitCode = 2;
} else
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith('.cpuprofile')) continue;
    const { thread, totalMs, busyMs, lines } = summarise(
      JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile,
    );
    if (thread === 'bare' || busyMs === 0) continue;
    console.log(`\n${thread} (${file}): busy ${Math.round(busyMs)} of ${Math.round(totalMs)} ms`);
    console.log('  self %  self ms  total ms  function');
    for (const { name, selfMs, totalMs: total } of lines.slice(0, Number(most)))
      console.log(
        `  ${((selfMs / busyMs) * 100).toFixed(1).padStart(6)}  ${selfMs.toFixed(0).padStart(7)}  ${total.toFixed(0).padStart(8)}  ${name}`,
      );
  }
