/** A machine whose NATS server says that something is wrong with what it stores: nobody else would notice. */
import { chmodSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Overview } from '../../src/protocol/overview.ts';
import { ensureNatsServer } from '../../tools/setup-nats.ts';
import { Machines } from './machines.fixture.ts';

const said = "[7] 2026/11/27 12:00:00.000000 [WRN] Detected orphaned stream 'TUTTI > TUTTI_tutti_log_p0', will cleanup";

test('it is told loudly, and by status and metrics', async () => {
  const machines = await Machines.open();
  // As the real one, which says that first.
  const server = machines.place.path('nats-server.sh');
  const { path: real } = await ensureNatsServer();
  machines.place.write(
    'nats-server.sh',
    `#!/bin/sh\ncase "$1" in -c) echo ${JSON.stringify(said)} >&2;; esac\nexec ${real} "$@"\n`,
  );
  chmodSync(server, 0o755);
  const machine = machines.machine('a', '127.0.0.1').with({ TUTTI_NATS_SERVER: server });
  try {
    machine.up();
    const url = await machine.serves();
    expect(machine.running.err).toMatch(
      /"level":40,[^\n]*"trouble":"orphanedStream","said":"[^\n]*Detected orphaned[^\n]*tells of trouble/,
    );
    const faults = async () => {
      const { out } = await machine.command('status', '--json');
      return (JSON.parse(out) as Overview).cluster?.faults;
    };
    await expect
      .poll(faults, { timeout: 20_000 })
      .toMatchObject([{ kind: 'serverTrouble', member: 'a', what: expect.stringContaining('stream') }]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tutti_cluster_faults{kind="serverTrouble"} 1');
    // It goes on with its work.
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  } finally {
    await machines.close(machine);
  }
});
