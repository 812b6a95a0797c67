/** What one does with the page, against a real node. */
import type { Locator, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { pageTests } from './page-node.fixture.ts';

const tests = pageTests();
const { open, scratch } = tests;
const state = (page: Page): ReturnType<Page['locator']> => page.locator('.facts .state');

test('a task is started from a form that its schema makes; what the schema refuses stands at its field', async () => {
  const page = await open('#/start/order');
  await page.getByLabel('id', { exact: true }).fill('o-7');
  await page.getByRole('button', { name: 'Add to items' }).click();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.locator('.field', { hasText: 'sku' }).locator('.field-errors p').waitFor();
  // The field gets the focus with the next frame.
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-invalid'))).toBe('true');
  await page.getByLabel('name', { exact: true }).fill('Ada');
  await page.getByLabel('sku').fill('tea');
  await page.getByLabel('pay').selectOption({ label: 'by: invoice' });
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/#\/task\//);
  await state(page).getByText('completed').waitFor();
  const result = page.locator('section', { has: page.getByRole('heading', { name: 'Result' }) });
  await expect.poll(() => result.textContent()).toContain('bigint 500n');
  expect(await result.textContent()).toContain('Date 2026-11-03T09:30:00.000Z');
  expect(await result.textContent()).toContain('Uint8Array(4) 25 50 44 46');
});

test('a task without a schema takes JSON, and says where it is none', async () => {
  const page = await open('#/start');
  await page.getByRole('navigation', { name: 'Tasks of the app' }).getByText('echo').click();
  const input = page.getByLabel('Input');
  await input.fill('{"when": {"$date": "2026-01-01T00:00:00Z"');
  await input.blur();
  await page.getByText('The input is not JSON').waitFor();
  await input.fill('{"when": {"$date": "2026-01-01T00:00:00Z"}}');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/#\/task\//);
  await page.getByText('Date 2026-01-01T00:00:00.000Z').first().waitFor();
});

test('lines of a log come live, each once', async () => {
  const gate = scratch.path('talk');
  const id = await tests.node.start('talk', { gate, lines: 300 });
  const page = await open(`#/task/${id}`);
  await page.getByRole('log').getByText('before the gate').waitFor();
  expect(await page.getByRole('log').locator('.log-line').count()).toBe(1);
  scratch.openGate('talk');
  await page.locator('.log-line', { hasText: 'line 300 line=300' }).waitFor();
  await state(page).getByText('completed').waitFor();
  const lines = await page.locator('.log-line .log-text').allInnerTexts();
  expect(lines.map((line) => line.split(' line=')[0])).toEqual([
    'before the gate',
    ...Array.from({ length: 300 }, (_, index) => `line ${index + 1}`),
  ]);
});

test('a task shows its steps, its children, and where it waits', async () => {
  const id = await tests.node.start('statements', '2026-11');
  const page = await open(`#/task/${id}`);
  await page
    .locator('.waits')
    .getByText(/It sleeps for \d+ h/)
    .waitFor();
  await state(page).getByText('waiting').waitFor();
  const names = await page.locator('.fall-name > .clip').allInnerTexts();
  expect(names.map((name) => name.split('\n')[0]?.trim())).toEqual([
    'load accounts',
    'sleep',
    'billing.invoice',
    'billing.invoice',
    'billing.invoice',
    'render',
    'sleep',
  ]);
  await page.locator('.fall', { hasText: 'load accounts' }).getByRole('button', { name: 'Details' }).click();
  await page.getByText('"a-3"').waitFor();
  await page.getByRole('link', { name: 'billing.invoice' }).first().click();
  await page.getByRole('heading', { name: 'billing.invoice', level: 1 }).waitFor();
  await page.getByText('bigint 12900n').waitFor();
  await page.getByRole('link', { name: 'parent' }).click();
  await page.getByRole('heading', { name: 'statements', level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  await state(page).getByText('waiting').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Cancel the task' }).click();
  await state(page).getByText('cancelled').waitFor();
});

test('items of a map are counted as they are done, since who follows a task is told of them', async () => {
  const gates = [1, 2, 3, 4].map((item) => `item-${item}`);
  const id = await tests.node.start(
    'renderEach',
    gates.map((gate) => scratch.path(gate)),
  );
  const page = await open(`#/task/${id}`);
  const numbers = page.locator('.map-numbers');
  for (const [done, gate] of gates.entries()) {
    await expect.poll(() => numbers.textContent()).toMatch(new RegExp(`^${done} of 4`));
    scratch.openGate(gate);
  }
  await state(page).getByText('completed').waitFor();
});

test('a failed task shows its error, its stack and its cause; it can be retried, and run again with another input', async () => {
  const id = await tests.node.start('send', 'ada');
  await tests.node.ended(id);
  const page = await open(`#/task/${id}`);
  await state(page).getByText('failed').waitFor();
  const error = page.locator('section', { has: page.getByRole('heading', { name: 'Error' }) });
  expect(await error.textContent()).toContain('ada takes no mail');
  expect(await error.textContent()).toContain('connect ECONNREFUSED 10.0.4.12:25');
  expect(await error.locator('.stack').first().textContent()).toContain('page-app.fixture.ts');
  expect(await page.locator('.fall-name').allInnerTexts()).toEqual(
    expect.arrayContaining([expect.stringContaining('attempt 1'), expect.stringContaining('attempt 2')]),
  );
  await page.getByRole('button', { name: 'Retry' }).click();
  await tests.node.ended(id);
  await expect.poll(() => page.locator('.facts').textContent()).toMatch(/Attempts[34]/);
  await page.getByRole('link', { name: 'Run again' }).click();
  const input = page.getByLabel('Input');
  await expect.poll(() => input.inputValue()).toBe('"ada"');
  await input.fill('"bob"');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL((url) => url.hash.startsWith('#/task/') && !url.hash.includes(id));
  await page.getByText('"bob"').first().waitFor();
});

test('filters of the list stand in the address bar, and what matches them comes live', async () => {
  await Promise.all([tests.node.start('echo', 1, 'key-one'), tests.node.start('refuse')]);
  const page = await open('#/tasks?name=echo');
  const rows = page.locator('.rows-body .rows-row');
  await rows.first().waitFor();
  for (const text of await rows.allInnerTexts()) expect(text).toContain('echo');
  await page.getByRole('searchbox').fill('key-');
  await expect.poll(() => rows.count()).toBe(1);
  expect(new URL(page.url()).hash).toBe('#/tasks?name=echo&text=key-');
  await tests.node.start('echo', 2, 'key-two');
  await expect.poll(() => rows.count()).toBe(2);
  expect(await rows.first().textContent()).toContain('key-two');
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('combobox', { name: 'State' }).selectOption('failed');
  await expect.poll(() => rows.allInnerTexts()).not.toHaveLength(0);
  await expect.poll(async () => (await rows.allInnerTexts()).every((text) => text.includes('failed'))).toBe(true);
  await page.reload();
  await rows.first().waitFor();
  expect(await page.getByRole('combobox', { name: 'State' }).inputValue()).toBe('failed');
});

test('all of it can be done with the keyboard', async () => {
  await tests.node.start('echo', 'by key', 'keyboard-b');
  await tests.node.start('echo', 'by key', 'keyboard-a');
  const page = await open('#/tasks');
  const rows = page.locator('.rows-body .rows-row');
  await rows.first().waitFor();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('keyboard-');
  await expect.poll(() => rows.count()).toBe(2);
  await rows.first().getByRole('link').focus();
  await page.keyboard.press('ArrowDown');
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.closest('.rows-row')?.textContent))
    .toContain('keyboard-b');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'echo', level: 1 }).waitFor();
  // The heading is read out.
  await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
});

test('a task is started from its form, opened and cancelled with Tab, Enter and typing alone', async () => {
  const page = await open('#/start');
  /** Tabs on until it has the focus, and says what had it before where it never does. */
  const tabTo = async (target: Locator): Promise<void> => {
    await target.waitFor();
    const passed: string[] = [];
    while (!(await target.evaluate((element) => element === document.activeElement))) {
      expect(passed.length, `none of these: ${passed.join(', ')}`).toBeLessThan(50);
      await page.keyboard.press('Tab');
      passed.push(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? ''));
    }
  };
  const enter = async (target: Locator): Promise<void> => {
    await tabTo(target);
    await page.keyboard.press('Enter');
  };
  const type = async (label: string, text: string): Promise<void> => {
    await tabTo(page.getByLabel(label, { exact: true }));
    await page.keyboard.type(text);
  };
  await enter(page.getByRole('navigation', { name: 'Tasks of the app' }).getByRole('link', { name: 'order' }));
  await type('id', 'o-8');
  await type('name', 'Ada');
  await enter(page.getByRole('button', { name: 'Add to items' }));
  await type('sku', 'tea');
  await type('number', '4242');
  await tabTo(page.getByLabel('Idempotency key'));
  await page.keyboard.type('o-8');
  await tabTo(page.getByLabel('Start after'));
  await page.keyboard.type('1 day');
  await enter(page.getByRole('button', { name: 'Start', exact: true }));
  await page.waitForURL(/#\/task\//);
  await state(page).getByText('scheduled').waitFor();
  await enter(page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Tasks' }));
  await enter(page.locator('.rows-body .rows-row', { hasText: 'o-8' }).getByRole('link'));
  await page.getByRole('heading', { name: 'order', level: 1 }).waitFor();
  await enter(page.getByRole('button', { name: 'Cancel' }));
  const question = page.getByRole('dialog', { name: 'Cancel this task?' });
  await enter(question.getByRole('button', { name: 'Cancel the task' }));
  await state(page).getByText('cancelled').waitFor();
  // The button that was pressed is gone; the focus is not.
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Retry');
});
