/** `tutti top` in a terminal: what keys bring to the screen, and how the terminal is left. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, Workplace } from './command.fixture.ts';

const app = `
import { task } from 'tutti';
export const hello = task(async () => 1);
export const other = task(async () => 2);
`;

let place: Workplace;
let served: Running;
let url: string;
beforeAll(async () => {
  place = new Workplace(app);
  served = place.start(['serve', 'app.ts', '--port', '0']);
  url = (await served.seen(/"url":"([^"]+)"/))[1] as string;
  for (const name of ['hello', 'other']) await place.run(['run', name, '--url', url]);
}, 60_000);
afterAll(async () => {
  await served?.end();
  await place.remove();
});

const enter = '\r';
const escapeKey = '\u001b';
const otherScreen = '\u001b[?1049h';
const firstScreen = '\u001b[?1049l';

/** What is typed is seen again, comes line by line, and Ctrl-C ends what runs. */
const usual = ['echo', 'icanon', 'isig'];

const leaves = async (top: Running): Promise<void> => {
  expect((await top.ended).code).toBe(0);
  const [, after, ...more] = top.out.split(firstScreen);
  expect(more).toEqual([]);
  for (const setting of usual) expect(after).toMatch(new RegExp(`[ \\n]${setting}\\b`));
};

test('keys change what is shown, as it is drawn; q gives the terminal back as it was', async () => {
  const top = place.start(['top', '--url', url], { terminal: true });
  /** Types these and waits until it draws that. */
  const press = async (keys: string, drawn: RegExp): Promise<void> => {
    const from = top.out.length;
    top.type(keys);
    await expect.poll(() => top.out.slice(from), { timeout: 15_000 }).toMatch(drawn);
  };
  await press('', /partitions \(\d+\)/);
  expect(top.out.startsWith(otherScreen)).toBe(true);
  await press(`:tasks${enter}`, /tasks \(2\)/);
  await press(`/hello${enter}`, /tasks \(1\)/);
  await press(escapeKey, /tasks \(2\)/);
  await press(escapeKey, /partitions \(\d+\)/);
  top.type('q');
  await leaves(top);
});

test('Ctrl-C ends it too, also while one types', async () => {
  const top = place.start(['top', '--url', url], { terminal: true });
  await expect.poll(() => top.out, { timeout: 15_000 }).toMatch(/partitions \(\d+\)/);
  top.type('/abc\u0003');
  await leaves(top);
});
