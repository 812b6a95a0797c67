import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { onWakeUp } from './browser.ts';

describe('what was put off is tried at once', () => {
  const page = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const wake = vi.fn<() => void>();
  let end: () => void;

  beforeEach(() => {
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('document', document);
    wake.mockClear();
    end = onWakeUp(() => wake());
    return () => end();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('when the network is back', () => {
    page.dispatchEvent(new Event('offline'));
    expect(wake).not.toHaveBeenCalled();
    page.dispatchEvent(new Event('online'));
    expect(wake).toHaveBeenCalledTimes(1);
  });

  test('when the page is shown, and not when it is hidden', () => {
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wake).not.toHaveBeenCalled();
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wake).toHaveBeenCalledTimes(1);
  });

  test('until nobody asks for it any more', () => {
    end();
    page.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(wake).not.toHaveBeenCalled();
  });
});

test('where there is no page nothing wakes anybody', () => {
  expect(onWakeUp(() => undefined)()).toBeUndefined();
});
