import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './client.ts';

/** Where nobody answers: counts who dials. */
class RefusedSocket {
  static dialled: RefusedSocket[] = [];
  onerror: (() => void) | null = null;

  constructor() {
    RefusedSocket.dialled.push(this);
  }

  close(): void {
    // Never was open.
  }
}

const page = new EventTarget();
const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
const dials = (): number => RefusedSocket.dialled.length;
const refuseDial = (): void => RefusedSocket.dialled.at(-1)?.onerror?.();

beforeEach(() => {
  // Time stands still: no pause between two dials ever ends by itself.
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', RefusedSocket);
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('document', document);
  RefusedSocket.dialled = [];
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('dials at once when the network is back and when the page is shown, and leaves nothing behind', async () => {
  const client = connect('http://127.0.0.1:1');
  const answer = client.app();
  expect(dials()).toBe(1);
  refuseDial();
  expect([dials(), client.connection]).toEqual([1, 'pausing']);
  page.dispatchEvent(new Event('online'));
  expect(dials()).toBe(2);
  refuseDial();
  document.dispatchEvent(new Event('visibilitychange'));
  expect(dials()).toBe(3);
  refuseDial();
  await Promise.all([client.close(), expect(answer).rejects.toMatchObject({ code: 'ABORTED' })]);
  expect([getEventListeners(page, 'online'), getEventListeners(document, 'visibilitychange')]).toEqual([[], []]);
});
