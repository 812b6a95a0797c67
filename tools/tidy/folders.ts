/**
 * Which folder of `src/` may import which: the arrows of the architecture, as one table. A folder may always import itself. A
 * new folder is a new line here.
 */

const bounds = ['limits.ts', 'client-limits.ts', 'value-limits.ts'];
/** What everything may stand on. */
const ground = ['values', 'errors', 'platform', ...bounds];
const contracts = ['engine', 'store'];
const shared = [...ground, 'app', 'protocol'];
const core = [...shared, ...contracts, 'partition', 'transactions', 'tasks'];

export const mayImport: Readonly<Record<string, readonly string[]>> = {
  values: ground,
  errors: ground,
  platform: ground,
  'limits.ts': bounds,
  'client-limits.ts': [],
  'value-limits.ts': [],
  app: shared,
  protocol: shared,
  client: [...shared, 'client'],
  observe: [...ground, 'protocol'],
  engine: ground,
  store: ground,
  security: ground,
  partition: [...ground, ...contracts],
  transactions: [...shared, ...contracts, 'partition'],
  tasks: [...shared, ...contracts, 'partition'],
  execution: [...core, 'observe'],
  cluster: [...core, 'observe', 'execution'],
  gateway: [...core, 'observe', 'execution', 'cluster', 'client'],
  node: [...core, 'observe', 'execution', 'cluster', 'gateway', 'client', 'security'],
  machine: [...ground, 'engine', 'security'],
  cli: [...core, 'observe', 'execution', 'cluster', 'gateway', 'client', 'security', 'node', 'machine'],
  testing: [...core, 'observe', 'execution', 'cluster', 'gateway', 'client', 'node'],
  'index.ts': [...ground, 'app', 'client'],
};

/** These see engine and store only through the two contract files, and only as types. */
export const seesContractsOnly: ReadonlySet<string> = new Set(['partition', 'transactions', 'tasks', 'cluster']);
export const contractFiles: ReadonlySet<string> = new Set(['src/engine/engine.ts', 'src/store/store.ts']);

/** The root export reaches these only by `import()` or as types, so that it loads nothing of the server side. */
export const lazyFromIndex: ReadonlySet<string> = new Set(['node']);

/** Where clocks, chance, timers and Node.js modules may be used; everywhere else they are handed in. */
export const mayTouchTheWorld: ReadonlySet<string> = new Set([
  'platform',
  'engine',
  'store',
  'security',
  'execution',
  'gateway',
  'node',
  'machine',
  'cli',
  'testing',
]);

/** `partition` for `src/partition/x.ts`, `limits.ts` for `src/limits.ts`, undefined outside of `src/`. */
export const folderOf = (path: string): string | undefined => {
  const [top, folder] = path.split('/');
  return top === 'src' ? folder : undefined;
};

/** Tests, conformance suites, and what only these use (`x.fixture.ts`): not part of what is shipped. */
export const isTestFile = (path: string): boolean =>
  /(^|\/)conformance\.ts$|[.-]conformance\.ts$|\.(test|fixture)\.ts$/.test(path) || path.startsWith('test/');
