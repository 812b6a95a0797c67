import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildAwkwardTree } from '../../examples/inventory/awkward-tree.ts';
import { Workshop } from './inventory-process.ts';

const workshop = new Workshop();
afterAll(() => workshop.remove());

describe('An inventory by tasks', () => {
  let tree = '';
  let expected = '';
  beforeAll(async () => {
    tree = workshop.tree(2_000);
    expected = await workshop.plain(tree);
  });

  test('is the same to the byte as the plain script’s, on any number of executors and partitions', async () => {
    expect(JSON.parse(expected)).toMatchObject({ counts: { files: 2_000 } });
    for (const [executors, partitions] of [
      ['1', '8'],
      ['2', '1'],
    ] as const) {
      const ended = await workshop.run([
        tree,
        '--executors',
        executors,
        '--partitions',
        partitions,
        '--data',
        workshop.fresh(),
      ]);
      expect(ended).toMatchObject({ code: 0, signal: null, lines: [] });
      expect(ended.stdout === expected).toBe(true);
      expect(ended.events.at(-1)).toMatchObject({ event: 'done', files: 2_000, kept: 0, executors: Number(executors) });
    }
  });

  test('is so of a tree with everything that can be awkward in it, a file of 64 MB included', async () => {
    const awkward = await buildAwkwardTree();
    try {
      const plain = await workshop.plain(awkward.folder);
      expect(JSON.parse(plain)).toMatchObject({ counts: awkward.expected.counts });
      for (const [executors, partitions] of [
        ['1', '1'],
        ['2', '8'],
      ] as const) {
        const data = workshop.fresh();
        const ended = await workshop.run([
          awkward.folder,
          '--executors',
          executors,
          '--partitions',
          partitions,
          '--data',
          data,
        ]);
        expect(ended).toMatchObject({ code: 0, lines: [] });
        expect(ended.stdout === plain).toBe(true);
      }
    } finally {
      await awkward.remove();
    }
  });

  test('compares itself with the plain script, in tables for people, and keeps its data to itself', async () => {
    const { code, stdout, lines } = await workshop.start([tree, '--compare']).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Inventory\n/);
    expect(stdout).toContain('TypeScript');
    const talk = lines.join('\n');
    expect(talk).toContain(`Taking inventory of ${tree}`);
    expect(talk).toMatch(/^2,000 files in \d+\.\d\d s with \d+ executors?\.$/m);
    expect(talk).toMatch(
      /^The plain script took \d+\.\d\d s with one thread\. With \d+ executors?: \d+\.\d\d times as (fast|long) \(/m,
    );
    expect(talk).toMatch(/^The results are the same to the byte \([\d,]+ bytes of JSON\)\.$/m);
    expect(existsSync(join(tree, '.tutti'))).toBe(false);
  });

  test('says where it can be watched: while it runs the page is there, and shows the task', async () => {
    const large = workshop.tree(6_000);
    const { told, ended } = workshop.start([
      large,
      '--executors',
      '1',
      '--data',
      workshop.fresh(),
      '--events',
      '--json',
    ]);
    const [, origin, id] =
      /^(http:\/\/127\.0\.0\.1:\d+)\/#\/task\/(\w+)$/.exec(String((await told('page'))['page'])) ?? [];
    const [page, task] = await Promise.all([fetch(`${origin}/`), fetch(`${origin}/v1/tasks/${id}`)]);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await page.text()).toContain('<div id="page">');
    expect(await task.json()).toMatchObject({ id, name: 'inventory' });
    const { code, events } = await ended;
    expect(code).toBe(0);
    expect(events.map(({ event }) => event)).toContain('done');
  });

  test('of no folder, of two, or with an option that is none is refused with 2, before anything is made', async () => {
    const data = workshop.fresh();
    const missing = join(tree, 'none');
    expect(await workshop.run([missing, '--data', data])).toMatchObject({
      code: 2,
      stdout: '',
      events: [],
      lines: [`There is no folder "${missing}".`],
    });
    expect(await workshop.run([tree, tree, '--data', data])).toMatchObject({ code: 2, stdout: '' });
    expect(await workshop.run([tree, '--executors', '0', '--data', data])).toMatchObject({
      code: 2,
      lines: ['--executors takes a whole number from 1.', 'npm start -- --help says what there is.'],
    });
    expect(await workshop.run([tree, '--none', '--data', data])).toMatchObject({ code: 2, stdout: '' });
    expect(existsSync(data)).toBe(false);
  });
});
