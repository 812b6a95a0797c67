/**
 * The inventory by a plain, single-threaded script, to compare with: `node examples/inventory/plain.ts <folder> [--json]`.
 * The result goes to stdout, as tables or as JSON; how long it took goes to stderr. Exit code 2: no such folder, wrong usage.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { takeInventory } from './plain-inventory.ts';
import { render, withThousands } from './render.ts';
import { folderTrouble } from './start-folder.ts';

const usage = 'usage: node examples/inventory/plain.ts <folder> [--json]';

async function main(args: readonly string[]): Promise<number> {
  let parsed: { readonly values: { readonly json?: boolean }; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...args], options: { json: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return 2;
  }
  const [folder, ...others] = parsed.positionals;
  if (folder === undefined || others.length > 0) {
    console.error(usage);
    return 2;
  }
  const trouble = folderTrouble(folder);
  if (trouble !== undefined) {
    console.error(trouble);
    return 2;
  }
  const start = performance.now();
  const inventory = await takeInventory(folder);
  const seconds = (performance.now() - start) / 1000;
  const { isTTY, columns } = process.stdout;
  process.stdout.write(
    parsed.values.json === true
      ? `${JSON.stringify(inventory, null, 2)}\n`
      : render(inventory, isTTY ? { width: columns, colour: !process.env['NO_COLOR'] } : {}),
  );
  console.error(`${withThousands(inventory.counts.files)} files of ${folder} in ${seconds.toFixed(2)} s, one thread`);
  return 0;
}

// Whoever reads the result may stop early (`| head`); that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});
process.exitCode = await main(process.argv.slice(2));
