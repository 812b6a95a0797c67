/**
 * A Vitest reporter that ends a run with one line, `N passed, N failed`, alone on a line, for whoever reads only the end.
 * What keeps tests from running counts as failed too: a file that does not load, a hook that throws, an error nobody caught.
 */
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

type Counts = { passed: number; failed: number };

const countModule = (module: TestModule, counts: Counts): void => {
  const suites: readonly (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  for (const suite of suites) counts.failed += suite.errors().length;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') counts.passed += 1;
    else if (state !== 'skipped') counts.failed += 1;
  }
};

export const closingLine = (
  modules: readonly TestModule[],
  unhandledErrors: readonly unknown[],
  reason: 'passed' | 'interrupted' | 'failed',
): string => {
  const counts: Counts = { passed: 0, failed: unhandledErrors.length };
  for (const module of modules) countModule(module, counts);
  if (reason !== 'passed' && counts.failed === 0) counts.failed = 1;
  return `${counts.passed} passed, ${counts.failed} failed`;
};

export const closingLineReporter: Reporter = {
  onTestRunEnd: (modules, unhandledErrors, reason) => {
    console.log(`Node.js ${process.versions.node}\n${closingLine(modules, unhandledErrors, reason)}`);
  },
};
