/**
 * Looks through the bytes of a frame before they are decoded. Only what messages are made of may be there: one array of arrays,
 * nested at most `depthMax` deep, of numbers, texts, booleans and nil. Maps, bytes, extensions and 64-bit integers are refused,
 * and so is what ends early or goes on behind the end. Reads each byte of a head once and steps over the bodies of texts.
 */

/** Frame, message, a list in it. */
const depthMax = 3;

/** What is wrong with it, to be put behind 'The frame'; undefined if nothing is. */
export const checkFrame = (bytes: Uint8Array): string | undefined => {
  const end = bytes.length;
  /** How many items are still to come, in each array that is open. */
  const left: [number, number, number, number] = [1, 0, 0, 0];
  let depth = 0;
  let at = 0;
  while (true) {
    while (left[depth] === 0) {
      if (depth === 0) return at === end ? undefined : 'goes on behind its end';
      depth--;
    }
    if (at >= end) return 'ends early';
    left[depth]!--;
    const head = bytes[at++] as number;
    let items = -1;
    if (head < 0x80 || head >= 0xe0) {
      if (depth === 0) return 'is no array';
      continue;
    }
    if (head >= 0xa0 && head < 0xc0) at += head - 0xa0;
    else if (head >= 0x90 && head < 0xa0) items = head - 0x90;
    else {
      const size = sizes[head] as number;
      if (size === refused) return 'holds a kind of value that no message has';
      if (at + size > end) return 'ends early';
      if (head === 0xdc) items = readNumber(bytes, at, 2);
      else if (head === 0xdd) items = readNumber(bytes, at, 4);
      else if (head >= 0xd9 && head <= 0xdb) at += readNumber(bytes, at, size);
      at += size;
    }
    if (items < 0) {
      if (depth === 0) return 'is no array';
      if (at > end) return 'ends early';
      continue;
    }
    // Each item takes a byte at least: a length beyond that would only make the decoder reserve memory.
    if (items > end - at) return 'ends early';
    if (depth === depthMax) return 'is nested too deep';
    left[++depth] = items;
  }
};

const readNumber = (bytes: Uint8Array, at: number, size: number): number => {
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 256 + (bytes[at + index] as number);
  return value;
};

const refused = -1;

/** A bundler leaves it out of the client, which does not check. */
const sizesOf = (known: readonly (readonly [head: number, size: number])[]): Int8Array => {
  const table = new Int8Array(256).fill(refused);
  for (const [head, size] of known) table[head] = size;
  return table;
};

/** How many bytes follow a head that is not told by itself: those of a number, or of a length. */
const sizes = /* @__PURE__ */ sizesOf([
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
  [0xdc, 2],
  [0xdd, 4],
]);
