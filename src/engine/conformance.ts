/**
 * What every implementation of the contracts in `engine.ts` must do, written once. An implementation's own test calls these
 * with a way to make one. They ask for no more than the contract says: they wait where it allows lag, and accept every
 * answer that it allows.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { isTuttiError } from '../errors/tutti-error.ts';
import type { AppendResult, Blobs, Bus, Log, LogRecord } from './engine.ts';

/** What a suite works on. `reopen` gives the same thing as another process would see it that starts now. */
export type Harness<T> = {
  readonly subject: T;
  readonly reopen: () => Promise<T>;
  readonly close: () => Promise<void>;
};

const record = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const texts = (records: readonly LogRecord[]): readonly string[] => records.map(({ bytes }) => text(bytes));
const appended = (position: number): AppendResult => ({ kind: 'appended', position });

/** The code with which `promise` rejects. */
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    return isTuttiError(error) ? error.code : String(error);
  }
};

/** Reads until `count` records are there: reads may lag. */
const readAll = async (log: Log, from: number, count: number): Promise<readonly LogRecord[]> => {
  const found: LogRecord[] = [];
  while (found.length < count) found.push(...(await log.read(from + found.length)));
  return found;
};

/** Calls `make` for each test and closes what it made after it. */
const perTest = <T>(make: () => Promise<Harness<T>>): (() => Promise<Harness<T>>) => {
  const made: Harness<T>[] = [];
  afterEach(async () => {
    for (const harness of made.splice(0)) await harness.close();
  });
  return async () => {
    const harness = await make();
    made.push(harness);
    return harness;
  };
};

/** The contract of `Log`. `makeLog` gives an empty log each time. */
export const logConformance = (name: string, makeLog: () => Promise<Harness<Log>>): void => {
  describe(`${name} as a Log`, () => {
    const make = perTest(makeLog);

    it('is empty at first: it begins at 1, ends at 0, and gives no records', async () => {
      const { subject: log } = await make();
      expect(await log.end()).toBe(0);
      expect(await log.start()).toBe(1);
      expect(await log.read(1)).toEqual([]);
    });

    it('gives records positions from 1 on, without gaps, and reads them back in order', async () => {
      const { subject: log } = await make();
      for (let after = 0; after < 5; after++) {
        expect(await log.append(record(`r${after + 1}`), after)).toEqual(appended(after + 1));
      }
      const records = await readAll(log, 1, 5);
      expect(records.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
      expect(texts(records)).toEqual(['r1', 'r2', 'r3', 'r4', 'r5']);
      expect(await log.end()).toBe(5);
      expect(texts(await readAll(log, 4, 2))).toEqual(['r4', 'r5']);
      expect(await log.read(6)).toEqual([]);
    });

    it('takes many appends under way at once, each naming the position that the one before will take', async () => {
      const { subject: log } = await make();
      const results = await Promise.all(
        Array.from({ length: 64 }, (_, after) => log.append(record(`p${after}`), after)),
      );
      expect(results).toEqual(Array.from({ length: 64 }, (_, after) => appended(after + 1)));
      expect(texts(await readAll(log, 1, 64))).toEqual(Array.from({ length: 64 }, (_, after) => `p${after}`));
    });

    it('stores nothing for an append that names a position which is taken, or does not follow the last one (P3)', async () => {
      const { subject: log } = await make();
      await log.append(record('a'), 0);
      await log.append(record('b'), 1);
      for (const after of [0, 1, 3, 17]) {
        expect((await log.append(record('intruder'), after)).kind).not.toBe('appended');
      }
      expect(await log.append(record('c'), 2)).toEqual(appended(3));
      expect(texts(await readAll(log, 1, 3))).toEqual(['a', 'b', 'c']);
    });

    it('keeps one content per position when the same bytes are sent to the same position again (P3)', async () => {
      const { subject: log } = await make();
      await log.append(record('a'), 0);
      const first = log.append(record('b'), 1);
      const again = log.append(record('b'), 1);
      const results = [await first, await again];
      expect(results.filter(({ kind }) => kind === 'appended').length).toBeGreaterThan(0);
      for (const result of results) if (result.kind === 'appended') expect(result.position).toBe(2);
      expect(await log.append(record('c'), 2)).toEqual(appended(3));
      expect(texts(await readAll(log, 1, 3))).toEqual(['a', 'b', 'c']);
    });

    it('lets one of several that race for a position have it', async () => {
      const { subject: log } = await make();
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, index) => log.append(record(`racer ${index}`), 0)),
      );
      const winners = results.flatMap((result, index) => (result.kind === 'appended' ? [`racer ${index}`] : []));
      expect(winners).toHaveLength(1);
      expect(texts(await readAll(log, 1, 1))).toEqual(winners);
      expect(await log.read(2)).toEqual([]);
    });

    it('keeps every byte of small, empty and large records', async () => {
      const { subject: log } = await make();
      const sizes = [0, 1, 255, 4095, 4096, 4097, 65_536, 700_001];
      const contents = sizes.map((size) => Uint8Array.from({ length: size }, (_, index) => (index * 7 + size) % 256));
      await Promise.all(contents.map((bytes, after) => log.append(bytes, after)));
      const records = await readAll(log, 1, sizes.length);
      for (const [index, { bytes }] of records.entries()) {
        expect(Buffer.compare(bytes, contents[index]!), `record of ${sizes[index]} bytes`).toBe(0);
      }
    });

    it('reads about as much as was asked for, and at least one record', async () => {
      const { subject: log } = await make();
      await Promise.all(Array.from({ length: 10 }, (_, after) => log.append(new Uint8Array(10_000), after)));
      await readAll(log, 1, 10);
      expect((await log.read(1, 1)).length).toBe(1);
      const some = await log.read(3, 35_000);
      expect(some[0]?.position).toBe(3);
      expect(some.length).toBeGreaterThanOrEqual(1);
      expect(some.length).toBeLessThanOrEqual(4);
    });

    it('shows a record from the moment it is acknowledged, and what was read stays as it was', async () => {
      const { subject: log } = await make();
      await log.append(record('first'), 0);
      const [first] = await readAll(log, 1, 1);
      await Promise.all(Array.from({ length: 20 }, (_, index) => log.append(record(`more ${index}`), index + 1)));
      expect(text(first!.bytes)).toBe('first');
    });

    it('drops what was trimmed, keeps the rest, and refuses to read below it (P10)', async () => {
      const { subject: log } = await make();
      for (let after = 0; after < 6; after++) await log.append(record(`r${after + 1}`), after);
      await log.trim(4);
      expect(await log.start()).toBe(4);
      expect(texts(await readAll(log, 4, 3))).toEqual(['r4', 'r5', 'r6']);
      expect(await codeOf(log.read(3))).toBe('LOG_TRIMMED');
      await log.trim(2);
      await log.trim(4);
      expect(await log.start()).toBe(4);
      expect(await log.append(record('r7'), 6)).toEqual(appended(7));
    });

    it('never trims the last record away', async () => {
      const { subject: log } = await make();
      await log.trim(10);
      for (let after = 0; after < 3; after++) await log.append(record(`r${after + 1}`), after);
      await log.trim(1_000);
      expect(await log.start()).toBe(3);
      expect(texts(await readAll(log, 3, 1))).toEqual(['r3']);
      expect(await log.append(record('r4'), 3)).toEqual(appended(4));
    });

    it('has everything that was acknowledged when it is opened again, and goes on behind it', async () => {
      const { subject: log, reopen } = await make();
      await Promise.all(Array.from({ length: 30 }, (_, after) => log.append(record(`r${after + 1}`), after)));
      await log.trim(5);
      const again = await reopen();
      expect(await again.end()).toBe(30);
      expect(texts(await readAll(again, 5, 26))).toEqual(Array.from({ length: 26 }, (_, index) => `r${index + 5}`));
      expect((await again.append(record('other'), 29)).kind).not.toBe('appended');
      expect(await again.append(record('r31'), 30)).toEqual(appended(31));
    });

    it('reads correctly while it is appended to and trimmed', async () => {
      const { subject: log } = await make();
      const count = 200;
      const writing = (async () => {
        for (let after = 0; after < count; after += 8) {
          await Promise.all(
            Array.from({ length: 8 }, (_, index) => log.append(record(`r${after + index + 1}`), after + index)),
          );
          if (after > 100) await log.trim(after - 100);
        }
      })();
      let position = 1;
      while (position <= count) {
        const records = await log.read(position).catch(async (error: unknown) => {
          if (!isTuttiError(error) || error.code !== 'LOG_TRIMMED') throw error;
          position = await log.start();
          return [];
        });
        for (const { position: at, bytes } of records) {
          expect(at).toBe(position);
          expect(text(bytes)).toBe(`r${position}`);
          position++;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
    });
  });
};

/** The contract of `Blobs`. `makeBlobs` gives an empty store each time. */
export const blobsConformance = (name: string, makeBlobs: () => Promise<Harness<Blobs>>): void => {
  describe(`${name} as Blobs`, () => {
    const make = perTest(makeBlobs);

    it('gives back what was put, of any size, and undefined for what is not there', async () => {
      const { subject: blobs, reopen } = await make();
      const sizes = [0, 1, 70_000, 3_000_000];
      for (const size of sizes) await blobs.put(`size-${size}`, new Uint8Array(size).fill(size % 251));
      const again = await reopen();
      for (const size of sizes) {
        const bytes = await again.get(`size-${size}`);
        expect(bytes?.length).toBe(size);
        expect(bytes?.every((byte) => byte === size % 251)).toBe(true);
      }
      expect(await again.get('size')).toBeUndefined();
    });

    it('takes the same content again and refuses other content under the same name', async () => {
      const { subject: blobs } = await make();
      await blobs.put('a', record('one'));
      await blobs.put('a', record('one'));
      expect(await codeOf(blobs.put('a', record('two')))).toBe('BLOB_EXISTS');
      expect(text((await blobs.get('a'))!)).toBe('one');
    });

    it('lets one of several that put different content at once have the name', async () => {
      const { subject: blobs } = await make();
      const codes = await Promise.all(['x', 'y', 'z'].map((content) => codeOf(blobs.put('raced', record(content)))));
      expect(codes.filter((code) => code === 'no error')).toHaveLength(1);
      expect(text((await blobs.get('raced'))!)).toBe('xyz'[codes.indexOf('no error')]);
    });

    it('lists names by prefix, in ascending order, and keeps names apart that look like folders', async () => {
      const { subject: blobs } = await make();
      const names = ['p/1', 'p/1/a', 'p', 'p/10', 'p/2', 'q.-_/Z', '..', 'p/..'];
      for (const one of names) await blobs.put(one, record(one));
      expect(await blobs.list('')).toEqual([...names].sort());
      expect(await blobs.list('p/1')).toEqual(['p/1', 'p/1/a', 'p/10']);
      expect(await blobs.list('x')).toEqual([]);
      for (const one of names) expect(text((await blobs.get(one))!)).toBe(one);
    });

    it('removes what is there and does not mind what is not', async () => {
      const { subject: blobs } = await make();
      await blobs.put('a', record('one'));
      await blobs.delete('a');
      await blobs.delete('a');
      expect(await blobs.get('a')).toBeUndefined();
      expect(await blobs.list('')).toEqual([]);
      await blobs.put('a', record('two'));
      expect(text((await blobs.get('a'))!)).toBe('two');
    });

    it('refuses names outside its alphabet', async () => {
      const { subject: blobs } = await make();
      for (const bad of ['', 'ä', 'a b', 'a\0', 'a+b']) {
        expect(await codeOf(blobs.put(bad, record('x')))).toBe('INVARIANT');
      }
    });
  });
};

/** The contract of `Bus`. It is asked for nothing that a lossy bus need not give, except that an idle one does deliver. */
export const busConformance = (name: string, makeBus: () => Promise<Harness<Bus>>): void => {
  describe(`${name} as a Bus`, () => {
    const make = perTest(makeBus);

    it('delivers to every subscriber of the subject, and to no other', async () => {
      const { subject: bus } = await make();
      const heard: string[] = [];
      const all = new Promise<void>((resolve) => {
        const hear = (who: string) => (bytes: Uint8Array) => {
          heard.push(`${who} ${text(bytes)}`);
          if (heard.length === 2) resolve();
        };
        bus.subscribe('news', hear('a'));
        bus.subscribe('news', hear('b'));
        bus.subscribe('other', hear('c'));
      });
      bus.publish('nobody', record('hello'));
      bus.publish('news', record('hello'));
      await all;
      expect(heard.sort()).toEqual(['a hello', 'b hello']);
    });

    it('does not deliver within the call, and gives the receiver bytes of its own', async () => {
      const { subject: bus } = await make();
      let inCall = true;
      const received = new Promise<{ during: boolean; bytes: Uint8Array }>((resolve) => {
        bus.subscribe('news', (bytes) => resolve({ during: inCall, bytes }));
      });
      const sent = Buffer.from('hello');
      bus.publish('news', sent);
      sent.fill(0);
      inCall = false;
      const { during, bytes } = await received;
      expect(during).toBe(false);
      expect(text(bytes)).toBe('hello');
    });

    it('stops delivering when told to', async () => {
      const { subject: bus } = await make();
      let count = 0;
      const stop = bus.subscribe('news', () => count++);
      stop();
      stop();
      const other = new Promise<void>((resolve) => void bus.subscribe('news', () => resolve()));
      bus.publish('news', record('hello'));
      await other;
      expect(count).toBe(0);
    });

    it('brings one answer from one responder, however long that takes to make within the time', async () => {
      const { subject: bus } = await make();
      let asked = 0;
      for (let index = 0; index < 3; index++) {
        bus.respond('double', async (bytes) => {
          asked++;
          await Promise.resolve();
          return record(text(bytes).repeat(2));
        });
      }
      expect(text(await bus.request('double', record('ab'), 5_000))).toBe('abab');
      expect(asked).toBe(1);
    });

    it('gives BUS_NO_REPLY when nobody answers in time, or the one who should fails', async () => {
      const { subject: bus } = await make();
      expect(await codeOf(bus.request('nobody', record('x'), 20))).toBe('BUS_NO_REPLY');
      bus.respond('never', () => new Promise(() => {}));
      expect(await codeOf(bus.request('never', record('x'), 20))).toBe('BUS_NO_REPLY');
      bus.respond('fails', () => {
        throw new Error('cannot');
      });
      expect(await codeOf(bus.request('fails', record('x'), 20))).toBe('BUS_NO_REPLY');
      const stop = bus.respond('gone', () => record('here'));
      stop();
      expect(await codeOf(bus.request('gone', record('x'), 20))).toBe('BUS_NO_REPLY');
    });
  });
};
