/** The heading of a page: names the tab, and takes the focus when one comes from another page, so that it is read out. */
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

let first = true;

export const useHeading = (title: string): RefObject<HTMLHeadingElement | null> => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Tutti`;
  }, [title]);
  useEffect(() => {
    // Who has just opened the page begins at its top.
    if (!first) heading.current?.focus({ preventScroll: true });
    first = false;
  }, []);
  return heading;
};
