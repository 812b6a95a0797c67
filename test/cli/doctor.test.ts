/** `tutti doctor`: each fault is brought about, and told in one line with its remedy. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ended, eventsOf, Workplace } from './command.fixture.ts';

let place: Workplace;
beforeAll(() => {
  place = new Workplace(`import { task } from 'tutti';\nexport const hello = task(async () => 1);\n`);
  // Others may come by here, so that it is the folder in it that has no rights.
  chmodSync(place.folder, 0o755);
});
afterAll(() => place.remove());

type Options = NonNullable<Parameters<Workplace['run']>[1]>;

/** Nothing fixed: port 0 is any that is free. */
const doctor = (args: readonly string[] = [], options: Options = {}): Promise<Ended> =>
  place.run(['doctor', '--port', '0', ...args], options);

/** One line that begins with the check, and exit code 1. */
const expectFault = ({ code, out }: Ended, line: RegExp): void => {
  expect(out).toMatch(/^[^\n]+\n$/);
  expect(out).toMatch(line);
  expect(code).toBe(1);
};

/** Code that is run when the doctor touches the disk: in the middle of what it does. */
const whenItWrites = (code: string): string => `import fs from 'node:fs';
  const open = fs.openSync;
  fs.openSync = (path, ...rest) => {
    if (String(path).includes('.tutti-doctor-')) { ${code} }
    return open(path, ...rest);
  };`;
/** Root may do everything: as another user it cannot. */
const asNobody = whenItWrites('if (process.getuid() === 0) process.setuid(65534);');

/** As on many machines, in containers above all: there no real refusal can be had. */
const anybodyMayListenOn = (port: number): boolean => {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')) <= port;
  } catch {
    return true;
  }
};
const refusedToListen = `import net from 'node:net';
  net.Server.prototype.listen = function () {
    process.nextTick(() => this.emit('error', Object.assign(new Error('listen EACCES'), { code: 'EACCES' })));
  };`;

test('is silent where nothing is wrong, leaves nothing behind, and with --json tells what it measured', async () => {
  expect(await doctor(['app.ts'])).toEqual({ code: 0, signal: null, out: '', err: '' });
  const { code, out, err } = await doctor(['app.ts', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const checks = eventsOf(out);
  const names = ['node', 'open-files', 'folder', 'free-space', 'disk-sync', 'port', 'app', 'clock'];
  expect(checks.map(({ check, ok }) => [check, ok])).toEqual(names.map((name) => [name, true]));
  expect(checks.find(({ check }) => check === 'disk-sync')?.['syncMs']).toBeGreaterThan(0);
  expect(checks.find(({ check }) => check === 'app')?.['tasks']).toEqual(['hello']);
  expect(readdirSync(place.folder).sort()).toEqual(['.cache', 'app.ts']);
});

describe('of the folder it finds', () => {
  test('that it gives no rights', async () => {
    mkdirSync(place.path('locked'), { mode: 0o500 });
    const found = await doctor(['--data', 'locked'], { preload: asNobody });
    expectFault(
      found,
      /^folder: \/.*\/locked cannot be written \(EACCES\)\. Give this user the right to read and write/,
    );
  });

  test('that another user has written in it', async () => {
    mkdirSync(place.path('theirs'));
    chmodSync(place.path('theirs'), 0o777);
    writeFileSync(place.path('theirs/lock'), '', { mode: 0o400 });
    expectFault(await doctor(['--data', 'theirs'], { preload: asNobody }), /^folder: .*theirs\/lock cannot be written/);
  });

  test('that a file is in its way', async () => {
    expectFault(
      await doctor(['--data', 'app.ts/data']),
      /^folder: .*app\.ts cannot be written \(ENOTDIR\)\. .*is a file/,
    );
  });

  test('that it has another format', async () => {
    mkdirSync(place.path('newer'));
    writeFileSync(place.path('newer/format.json'), '{"format":99}');
    expectFault(await doctor(['--data', 'newer']), /^folder: .* has format 99; .*newer one\. Or name another/);
  });

  test('that its disk is full', async () => {
    const preload = `import fs from 'node:fs'; fs.statfsSync = () => ({ bavail: 1_000, bsize: 4_096 });`;
    expectFault(
      await doctor([], { preload }),
      /^free-space: 3 MiB are free on the disk of .*; the log needs 256\. Make/,
    );
  });

  test('that its disk is absurdly slow', async () => {
    const preload = `import fs from 'node:fs';
      fs.fdatasyncSync = () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 510); };`;
    expectFault(await doctor([], { preload }), /^disk-sync: A sync of 4096 bytes takes 5\d\d(\.\d+)? ms: .*local disk/);
  });
});

describe('of the clock it finds', () => {
  test('that it was never set', async () => {
    const preload = 'const real = Date.now; const begin = real(); Date.now = () => real() - begin;';
    expectFault(await doctor([], { preload }), /^clock: The clock says 1970-01-01T.* Set the clock/);
  });

  test('that it jumps', async () => {
    const preload = `let ahead = 0; const real = Date.now; Date.now = () => real() + ahead; ${whenItWrites('ahead = -3_600_000;').replace(/^import.*?;/, '')}`;
    expectFault(
      await doctor([], { preload: `import fs from 'node:fs'; ${preload}` }),
      /^clock: .* jumped by -3(599|600)\d{3} ms/,
    );
  });

  test('that it has gone back since the folder was written', async () => {
    mkdirSync(place.path('future'));
    writeFileSync(place.path('future/lock'), '');
    utimesSync(place.path('future/lock'), new Date('2100-01-01'), new Date('2100-01-01'));
    expectFault(
      await doctor(['--data', 'future']),
      /^clock: .* was written at 2100-01-01T00:00:00\.000Z: it has gone back/,
    );
  });
});

describe('of the address it finds', () => {
  test('that its port is taken by another program', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const found = await place.run(['doctor', '--port', String(port)]);
    other.close();
    expectFault(found, new RegExp(`^port: Port ${port} of 127\\.0\\.0\\.1 is taken by another program\\. End it `));
  });

  test('that this user may not listen on its port', async () => {
    mkdirSync(place.path('anybodys'));
    chmodSync(place.path('anybodys'), 0o777);
    const found = await place.run(['doctor', '--port', '81', '--data', 'anybodys'], {
      preload: anybodyMayListenOn(81) ? refusedToListen : asNobody,
    });
    expectFault(found, /^port: This user may not listen on port 81\. Choose one above 1023: --port\.\n$/);
  });

  test('that a node is there already, which is said and no fault', async () => {
    const node = place.start(['serve', 'app.ts', '--port', '0', '--data', 'served'], {
      env: { TUTTI_TOKEN: 'a-token-that-is-long-enough' },
    });
    const [, url] = await node.seen(/"url":"([^"]+)"/);
    const { code, out, err } = await place.run(['doctor', '--port', new URL(url as string).port]);
    expect({ code, out, err }).toEqual({ code: 0, out: '', err: `A Tutti node serves at ${url}.\n` });
    node.kill('SIGTERM');
    await node.ended;
  });

  test('that it is not one of this machine', async () => {
    expectFault(await doctor(['--host', '192.0.2.1']), /^port: Nothing can listen on 192\.0\.2\.1, .*EADDRNOTAVAIL/);
  });
});

describe('of the app it finds', () => {
  test.each([
    ['that there is none', undefined, /^app: There is no file broken\.ts/],
    ['that it throws', `\nthrow new Error('no settings');`, /^app: .*broken\.ts:2: .*no settings\. Mend the app/],
    ['its syntax', 'export const a = ;', /^app: .*broken\.ts:1: .*Mend the app/],
    [
      'that it ends its process',
      `process.kill(process.pid, 'SIGKILL');`,
      /^app: The process that loads .*SIGKILL.*node \//,
    ],
    [
      'that it ends the process in good order before it could be looked at',
      `process.emit('disconnect');`,
      /^app: broken\.ts could not be looked at: it ended the process that loads it\. Look for what it does with process /,
    ],
    ['that it exports no tasks', 'export const hello = 1;', /^app: broken\.ts exports no tasks\. Export what task/],
  ])('%s', async (_what, code, line) => {
    if (code !== undefined) place.write('broken.ts', code);
    expectFault(await doctor(['broken.ts']), line);
  });

  test('that it never comes to an end', async () => {
    place.write('endless.ts', 'for (;;);');
    const preload = 'const real = setTimeout; globalThis.setTimeout = (f, ms) => real(f, ms === 30_000 ? 100 : ms);';
    expectFault(
      await doctor(['endless.ts'], { preload }),
      /^app: endless\.ts has not been loaded after 30 s\. Look for/,
    );
  });
});

test('it finds that the process may open too few files', async () => {
  expectFault(
    await doctor([], { before: 'ulimit -n 300' }),
    /^open-files: .* may have 300 files open .*ulimit -n 2048/,
  );
});
