import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryError } from '../../common/error.ts';
import type { Pulse } from '../../common/protocol.ts';
import type { Frame } from '../../common/frame.ts';
import { eagerForMs, eagerMs, framesInFlightMax, pagesPerViewMax } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import { ArraySource } from '../../native/array.ts';
import { diff } from '../../native/live/diff.ts';
import { watchedPages } from '../../common/watched.ts';
import { indexOfPage, mergePages } from '../../native/live/plan.ts';
import { createReader, type Reader, type Subscription } from '../../native/live/reader.ts';

const { readable, unmapped, noAccess, unread } = PageState;
const anyState = fc.constantFrom(readable, readable, readable, unmapped, noAccess, unread);

test('diff() finds what a loop over bytes would', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyState, anyState), { maxLength: 12 }),
      fc.array(fc.record({ page: fc.nat({ max: 11 }), offset: fc.nat({ max: pageBytes - 1 }) }), { maxLength: 8 }),
      (states, changes) => {
        const pages = states.length;
        const reading = (half: 0 | 1) => ({
          bytes: Buffer.alloc(pages * pageBytes, 7),
          states: Uint8Array.from(states, (pair) => pair[half]),
        });
        const previous = reading(0);
        const current = reading(1);
        for (const { page, offset } of changes) if (page < pages) current.bytes[page * pageBytes + offset] = 8;
        const changed = new Uint8Array(pages).fill(9);
        const count = diff(previous, current, changed);
        const expected = states.map(([before, after], i) => {
          if (before !== after) return 1;
          if (after !== readable) return 0;
          for (let at = i * pageBytes; at < (i + 1) * pageBytes; at++)
            if (previous.bytes[at] !== current.bytes[at]) return 1;
          return 0;
        });
        expect([...changed]).toEqual(expected);
        expect(count).toBe(expected.filter((flag) => flag === 1).length);
      },
    ),
  );
});

const anyPage = fc.oneof(fc.nat({ max: 30 }), fc.double({ min: 0, max: 2 ** 52 - 1, noNaN: true }).map(Math.floor));

test('mergePages() has every page of every list once, ascending', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.uniqueArray(anyPage).map((pages) => Float64Array.from(pages).sort()),
        { maxLength: 5 },
      ),
      (lists) => {
        const expected = [...new Set(lists.flatMap((pages) => [...pages]))].sort((a, b) => a - b);
        const merged = mergePages(lists);
        expect([...merged]).toEqual(expected);
        expected.forEach((page, i) => expect(indexOfPage(merged, page)).toBe(i));
        expect(indexOfPage(merged, 31.5)).toBe(-1);
      },
    ),
  );
});

test('watchedPages() takes any numbers and keeps the pages among them, no more than a view may have', () => {
  fc.assert(
    fc.property(fc.float64Array({ maxLength: 400 }), (pages) => {
      const watched = watchedPages(pages);
      expect(watched.length).toBeLessThanOrEqual(pagesPerViewMax);
      watched.forEach((page, i) => {
        expect(Number.isInteger(page) && page >= 0 && page < 2 ** 52).toBe(true);
        if (i > 0) expect(page).toBeGreaterThan(watched[i - 1] as number);
      });
    }),
  );
  expect(watchedPages(Float64Array.from({ length: 1000 }, (_, i) => i))).toHaveLength(pagesPerViewMax);
  // What is there twice takes no room, and of too many the first ones are kept.
  expect([...watchedPages(Float64Array.from({ length: 302 }, (_, i) => [9, 8][i - 300] ?? 7))]).toEqual([7, 8, 9]);
  expect(watchedPages(Float64Array.from({ length: 1000 }, (_, i) => 1000 - i))[0]).toBe(1001 - pagesPerViewMax);
});

let source: ArraySource;
let reader: Reader;
let ended: Error[];
let lost: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
  source = new ArraySource(0n, new Uint8Array(16 * pageBytes));
  ended = [];
  lost = 0;
  reader = createReader(source, { intervalMs: 20, ended: (error) => ended.push(error), lost: () => void lost++ });
});

afterEach(() => {
  reader.dispose();
  vi.useRealTimers();
});

function watcher(): Subscription & { readonly frames: Frame[] } {
  const frames: Frame[] = [];
  return Object.assign(
    reader.subscribe((frame) => frames.push(frame)),
    { frames },
  );
}
const told = (frames: readonly Frame[]): number[][] => frames.map(({ pages }) => [...pages]);
const tick = (count = 1): void => void vi.advanceTimersByTime(20 * count);

test('reader: one read a tick whatever the number of subscriptions, and each hears of its own pages', () => {
  const a = watcher();
  const b = watcher();
  a.watch(Float64Array.of(1, 2, 3));
  b.watch(Float64Array.of(3, 4));
  tick();
  const fills = source.fills;
  tick(5);
  expect(source.fills - fills).toBe(5);
  source.bytes[3 * pageBytes] = 1;
  source.bytes[4 * pageBytes] = 1;
  tick();
  expect(told(a.frames)).toEqual([[1, 2, 3], [3]]);
  expect(told(b.frames)).toEqual([
    [3, 4],
    [3, 4],
  ]);
});

test('reader: nothing watched, nothing read', () => {
  const a = watcher();
  vi.advanceTimersByTime(1000);
  expect(source.fills).toBe(0);
  a.watch(Float64Array.of(1));
  tick(3);
  a.watch(new Float64Array(0));
  const { fills } = source;
  vi.advanceTimersByTime(1000);
  expect(source.fills).toBe(fills);
  expect(vi.getTimerCount()).toBe(0);
});

test('reader: frames own buffers that are exactly as long as they are', () => {
  const a = watcher();
  source.unreadable.set(2, noAccess);
  a.watch(Float64Array.of(1, 2, 3));
  tick();
  const frame = a.frames[0] as Frame;
  for (const view of [frame.pages, frame.states, frame.bytes]) expect(view.byteLength).toBe(view.buffer.byteLength);
  expect([...frame.states]).toEqual([readable, noAccess, readable]);
  expect(frame.bytes).toHaveLength(2 * pageBytes);
});

test('reader: with nothing painted only so many frames go out, and then one with all that has changed', () => {
  const a = watcher();
  a.watch(Float64Array.of(1, 2));
  for (let i = 1; i < 20; i++) {
    tick();
    source.bytes[(1 + (i % 2)) * pageBytes] = i;
  }
  expect(a.frames).toHaveLength(framesInFlightMax);
  a.drawn(a.frames.at(-1)?.seq as number);
  tick();
  expect(a.frames).toHaveLength(framesInFlightMax + 1);
  const last = a.frames.at(-1) as Frame;
  expect([...last.pages]).toEqual([1, 2]);
  expect([last.bytes[0], last.bytes[pageBytes]]).toEqual([18, 19]);
});

test('reader: drawn counts for all frames before it', () => {
  const a = watcher();
  a.watch(Float64Array.of(1));
  for (let i = 1; i <= 10; i++) {
    tick();
    source.bytes[pageBytes] = i;
    if (i % 3 === 0) a.drawn(a.frames.at(-1)?.seq as number);
  }
  expect(a.frames.length).toBeGreaterThan(8);
});

test('reader: what changes and changes back between two ticks is no change; seq rises', () => {
  const a = watcher();
  a.watch(Float64Array.of(1));
  tick();
  source.bytes[pageBytes] = 5;
  source.bytes[pageBytes] = 0;
  tick();
  expect(a.frames).toHaveLength(1);
  source.bytes[pageBytes] = 5;
  tick();
  source.bytes[pageBytes] = 0;
  tick();
  expect(a.frames.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test('reader: what a stop finds while all frames are on their way is told once one of them has been painted', () => {
  const view = watcher();
  view.watch(Float64Array.of(1));
  tick();
  for (let i = 1; i < framesInFlightMax; i++) {
    source.bytes[pageBytes] = i;
    tick();
  }
  source.bytes[pageBytes] = 99;
  reader.hold(true);
  expect(view.frames).toHaveLength(framesInFlightMax);
  view.drawn(view.frames[0]?.seq ?? 0);
  expect(view.frames).toHaveLength(framesInFlightMax + 1);
  expect(view.frames.at(-1)?.bytes[0]).toBe(99);
});

/** Writes its number into each page, and gives what each page in a frame has of it. */
function numbered(): (frame: Frame) => number[][] {
  for (let page = 0; page < 16; page++) source.bytes[page * pageBytes] = page;
  return ({ pages, bytes }) => [...pages].map((page, i) => [page, bytes[i * pageBytes] as number]);
}

test('reader: a view that scrolls at a stop and then tells what it has painted gets the bytes of its own pages', () => {
  const numbers = numbered();
  const view = watcher();
  view.watch(Float64Array.of(0, 1, 2));
  tick();
  for (let i = 1; i < framesInFlightMax; i++) {
    source.bytes[pageBytes + 1] = i;
    tick();
  }
  source.bytes[pageBytes + 1] = 99;
  reader.hold(true);
  view.watch(Float64Array.of(1, 2, 3));
  view.drawn(1);
  tick();
  expect(view.frames).toHaveLength(framesInFlightMax + 1);
  const last = view.frames.at(-1) as Frame;
  // What the stop found while there was no room is not lost with the scrolling.
  expect(numbers(last)).toEqual([
    [1, 1],
    [3, 3],
  ]);
  expect(last.bytes[1]).toBe(99);
});

test('reader: what a frame makes others watch comes with its own bytes, and nobody is kept from frames', () => {
  const numbers = numbered();
  const frames: Record<'first' | 'second' | 'third' | 'late', number[][][]> = {
    first: [],
    second: [],
    third: [],
    late: [],
  };
  let late: Subscription | undefined;
  const first = reader.subscribe((frame) => {
    frames.first.push(numbers(frame));
    first.drawn(frame.seq);
    // Every read finds something new for it.
    source.bytes[pageBytes + 1]!++;
    second.watch(Float64Array.of(4 + (frames.first.length % 8)));
    if (late !== undefined) return;
    late = reader.subscribe((shown) => frames.late.push(numbers(shown)));
    late.watch(Float64Array.of(13, 14));
  });
  const second = reader.subscribe((frame) => {
    frames.second.push(numbers(frame));
    second.drawn(frame.seq);
  });
  const third = reader.subscribe((frame) => {
    frames.third.push(numbers(frame));
    third.drawn(frame.seq);
  });
  first.watch(Float64Array.of(1));
  second.watch(Float64Array.of(2));
  third.watch(Float64Array.of(3));
  for (let i = 1; i <= 20; i++) {
    source.bytes[3 * pageBytes + 1] = i;
    tick();
  }
  expect(frames.late).toEqual([
    [
      [13, 13],
      [14, 14],
    ],
  ]);
  expect(frames.second.length).toBeGreaterThan(10);
  expect(frames.third.length).toBeGreaterThan(10);
  for (const frame of frames.second.flat()) expect(frame[1]).toBe(frame[0]);
});

test('reader: a subscription that has been disposed is told nothing more', () => {
  const view = watcher();
  reader.hold(true);
  view.watch(Float64Array.of(1));
  tick();
  view.dispose();
  view.watch(Float64Array.of(2));
  tick();
  view.drawn(1);
  view.pause(true);
  view.watch(Float64Array.of(3));
  expect(view.frames).toHaveLength(1);
});

test('reader: a stop asks again for what could not be read, in its one read, and so does a refresh', () => {
  const view = watcher();
  source.unreadable.set(2, noAccess).set(3, noAccess);
  view.watch(Float64Array.of(1, 2, 3));
  tick();
  source.unreadable.delete(2);
  const { fills } = source;
  reader.hold(true);
  tick(5);
  expect(source.fills - fills).toBe(1);
  expect(told(view.frames)).toEqual([[1, 2, 3], [2]]);
  expect([...(view.frames[1]?.states ?? [])]).toEqual([readable]);
  source.unreadable.delete(3);
  expect(reader.retry()).toBe(true);
  reader.refresh();
  expect(told(view.frames)).toEqual([[1, 2, 3], [2], [3]]);
  expect(reader.retry(), 'nothing is left to ask for').toBe(false);
  source.unreadable.set(2, PageState.absent);
  reader.refresh();
  expect(reader.retry(), 'every read asks for what is not in memory').toBe(false);
});

test('reader: once a stop is over it also looks between two ticks for a while, and leaves what it finds room on the way', () => {
  const view = watcher();
  view.watch(Float64Array.of(1));
  tick();
  view.drawn(view.frames.at(-1)?.seq ?? 0);
  reader.hold(true);
  reader.hold(false);
  tick();
  // A step is over after a moment: it does not wait for the next tick.
  source.bytes[pageBytes] = 1;
  vi.advanceTimersByTime(eagerMs);
  expect(view.frames.at(-1)?.bytes[0]).toBe(1);
  source.bytes[pageBytes] = 2;
  vi.advanceTimersByTime(eagerMs);
  source.bytes[pageBytes] = 3;
  vi.advanceTimersByTime(eagerMs);
  expect(view.frames.at(-1)?.bytes[0], 'two have not been painted').toBe(2);
  vi.advanceTimersByTime(20);
  expect(view.frames.at(-1)?.bytes[0], 'a tick passes them').toBe(3);
  vi.advanceTimersByTime(eagerForMs);
  const { fills } = source;
  vi.advanceTimersByTime(200);
  expect(source.fills - fills).toBe(10);
});

test('reader: tells how often it looks, from the first second on', () => {
  const pulses: Pulse[] = [];
  const told = createReader(source, { intervalMs: 20, ended: () => undefined, pulse: (pulse) => pulses.push(pulse) });
  const view = told.subscribe(({ seq }) => view.drawn(seq));
  view.watch(Float64Array.of(1));
  for (let passed = 0; passed < 2100; passed++) {
    source.bytes[pageBytes]!++;
    vi.advanceTimersByTime(1);
  }
  expect(pulses.map(({ ticks }) => ticks)).toEqual([50, 50]);
  told.dispose();
});

test('reader: gives way as its courtesy says, while it passes things on, and says so', () => {
  let intervalMs = 0;
  let looks = 0;
  const pulses: Pulse[] = [];
  const polite = createReader(source, {
    intervalMs: 20,
    ended: (error) => ended.push(error),
    pulse: (pulse) => pulses.push(pulse),
    courtesy: {
      look: () => {
        looks++;
        return true;
      },
      get intervalMs() {
        return intervalMs;
      },
    },
  });
  let frames = 0;
  const view = polite.subscribe(({ seq }) => {
    frames++;
    view.drawn(seq);
  });
  view.watch(Float64Array.of(1));
  const during = (ms: number): number => {
    const before = frames;
    for (let passed = 0; passed < ms; passed++) {
      source.bytes[pageBytes]!++;
      vi.advanceTimersByTime(1);
    }
    return frames - before;
  };
  expect(during(1000)).toBeGreaterThan(45);
  intervalMs = 50;
  during(50);
  expect(during(1000)).toBe(20);
  expect(pulses.at(-1)?.givesWay).toBe(true);
  expect(pulses.at(-1)?.ticks).toBeLessThanOrEqual(21);
  polite.setTempo(100);
  during(2000);
  expect(pulses.at(-1)?.givesWay, 'slower has been asked for').toBeUndefined();
  polite.setTempo(20);
  intervalMs = 0;
  during(50);
  expect(during(2000)).toBe(100);
  expect(pulses.at(-1)?.givesWay).toBeUndefined();
  const { length } = pulses;
  vi.advanceTimersByTime(20);
  looks = 0;
  vi.advanceTimersByTime(2000);
  expect(looks, 'nothing is passed on').toBe(0);
  expect(pulses.length).toBeGreaterThan(length);
  polite.dispose();
});

test('reader: a page that becomes unreadable is told once, its bytes are not asked for again until retry', () => {
  const a = watcher();
  source.bytes.fill(3);
  a.watch(Float64Array.of(1, 2));
  tick();
  source.unreadable.set(2, noAccess);
  tick();
  expect(lost).toBe(1);
  expect([...(a.frames[1]?.states ?? [])]).toEqual([noAccess]);
  source.unreadable.delete(2);
  tick(3);
  expect(a.frames).toHaveLength(2);
  reader.retry();
  tick();
  expect(told(a.frames)).toEqual([[1, 2], [2], [2]]);
  expect(a.frames[2]?.bytes.every((byte) => byte === 3)).toBe(true);
  reader.retry();
  tick(2);
  expect(a.frames).toHaveLength(3);
});

test('reader: a page is asked for once more although a view scrolls before that comes to be', () => {
  const a = watcher();
  source.unreadable.set(2, noAccess);
  a.watch(Float64Array.of(2));
  tick();
  source.unreadable.delete(2);
  reader.retry();
  a.watch(Float64Array.of(2, 3));
  tick();
  expect(Array.from(a.frames.at(-1)?.states ?? [])).toEqual([readable, readable]);
});

test('reader: once the source is gone nothing of what it reads is told', () => {
  const a = watcher();
  a.watch(Float64Array.of(1));
  tick();
  // The number reads on, as it does after exec, but the address space is another.
  source.isAlive = () => false;
  source.bytes[pageBytes] = 0xff;
  tick(3);
  expect(a.frames).toHaveLength(1);
  expect(ended).toMatchObject([{ code: 'Gone' }]);
  expect(vi.getTimerCount()).toBe(0);
  a.watch(Float64Array.of(2));
  tick(3);
  expect(a.frames).toHaveLength(1);
});

test.each([
  [
    'a tick',
    (): void => {
      source.bytes[pageBytes] = 0xff;
      tick(3);
    },
  ],
  [
    'a paused view that scrolls',
    (a: ReturnType<typeof watcher>): void => {
      a.pause(true);
      a.watch(Float64Array.of(2));
    },
  ],
])('reader: a source that knows what became of it says so, where %s finds out', (_, findOut) => {
  const cause = new MemoryError('Gone', 'toy (7) has exited. Attach again to go on.');
  Object.assign(source, { gone: () => cause });
  const a = watcher();
  a.watch(Float64Array.of(1));
  tick();
  source.isAlive = () => false;
  findOut(a);
  expect(ended).toEqual([cause]);
});

test('reader: what has been still for a second is read less often, until it changes', () => {
  const a = watcher();
  a.watch(Float64Array.of(1));
  vi.advanceTimersByTime(1100);
  const during = (ms: number): number => {
    const { fills } = source;
    vi.advanceTimersByTime(ms);
    return source.fills - fills;
  };
  expect(during(1000)).toBe(15);
  source.bytes[pageBytes] = 1;
  vi.advanceTimersByTime(67);
  expect(a.frames).toHaveLength(2);
  expect(during(500)).toBe(25);
});

test('reader: a paused view gets the pages that it scrolls to once, and no change of them', () => {
  const a = watcher();
  a.watch(Float64Array.of(1, 2));
  tick();
  a.pause(true);
  a.watch(Float64Array.of(2, 3));
  expect(told(a.frames)).toEqual([[1, 2], [3]]);
  const { fills } = source;
  source.bytes.fill(9);
  tick(100);
  // Hidden and shown again: what it has of these pages stands still.
  a.watch(Float64Array.of());
  a.watch(Float64Array.of(2, 3));
  expect(source.fills).toBe(fills);
  expect(a.frames).toHaveLength(2);
  a.pause(false);
  tick();
  expect(told(a.frames).at(-1)).toEqual([2, 3]);
});

test('reader: the identity is asked for only in a tick whose bytes differ', () => {
  const a = watcher();
  a.watch(Float64Array.of(1));
  tick();
  const asked = vi.spyOn(source, 'isAlive');
  tick(10);
  expect(asked).not.toHaveBeenCalled();
  source.bytes[pageBytes] = 1;
  tick();
  expect(asked).toHaveBeenCalledOnce();
});

test('reader: any sequence of watching, changing, stopping and painting leaves each view with the bytes that there are', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('write' as const),
      page: fc.nat({ max: 15 }),
      // The first byte of each page is its number.
      offset: fc.integer({ min: 1, max: pageBytes - 1 }),
      value: fc.nat({ max: 255 }),
    }),
    fc.record({
      do: fc.constant('watch' as const),
      view: fc.nat({ max: 2 }),
      pages: fc.uniqueArray(fc.nat({ max: 17 }), { maxLength: 8 }),
    }),
    // In the next frame of `by` another view comes to watch something else, or one that is new.
    fc.record({
      do: fc.constant('follow' as const),
      by: fc.nat({ max: 2 }),
      view: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
      pages: fc.uniqueArray(fc.nat({ max: 17 }), { maxLength: 8 }),
    }),
    fc.record({ do: fc.constant('hold' as const), held: fc.boolean() }),
    fc.record({ do: fc.constant('drawn' as const), view: fc.nat({ max: 2 }) }),
    fc.record({ do: fc.constant('pause' as const), view: fc.nat({ max: 2 }), paused: fc.boolean() }),
    fc.record({ do: fc.constant('hole' as const), page: fc.nat({ max: 15 }), open: fc.boolean() }),
    fc.record({ do: fc.constant('tick' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = new ArraySource(0n, new Uint8Array(16 * pageBytes));
      for (let page = 0; page < 16; page++) memory.bytes[page * pageBytes] = page;
      const under = createReader(memory, { intervalMs: 20, ended: (error) => expect.unreachable(error.message) });
      const views = [0, 1, 2].map(() => open());
      function open() {
        const store = new Map<number, Uint8Array | number>();
        const view = { store, watched: [] as number[], paused: false, last: 0, follow: [] as (() => void)[] };
        const subscription = under.subscribe((frame) => {
          view.last = frame.seq;
          let at = 0;
          frame.pages.forEach((page, i) => {
            expect(view.watched).toContain(page);
            if (frame.states[i] === readable) store.set(page, frame.bytes.subarray(at, (at += pageBytes)));
            else store.set(page, frame.states[i] as number);
            const kept = store.get(page);
            if (typeof kept !== 'number') expect(kept?.[0]).toBe(page);
          });
          expect(frame.bytes).toHaveLength(at);
          view.follow.shift()?.();
        });
        return Object.assign(view, { subscription });
      }
      function watch(view: ReturnType<typeof open>, pages: readonly number[]): void {
        view.watched = [...pages];
        for (const page of view.store.keys()) if (!pages.includes(page)) view.store.delete(page);
        view.subscription.watch(Float64Array.from(pages).sort());
      }
      const viewAt = (i: number) => views[i] as ReturnType<typeof open>;
      for (const action of steps) {
        if (action.do === 'write') memory.bytes[action.page * pageBytes + action.offset] = action.value;
        else if (action.do === 'tick') tick();
        else if (action.do === 'hold') under.hold(action.held);
        else if (action.do === 'drawn') viewAt(action.view).subscription.drawn(viewAt(action.view).last);
        else if (action.do === 'hole') {
          if (action.open) memory.unreadable.set(action.page, noAccess);
          else memory.unreadable.delete(action.page);
          under.retry();
        } else if (action.do === 'pause') {
          viewAt(action.view).subscription.pause(action.paused);
          viewAt(action.view).paused = action.paused;
        } else if (action.do === 'watch') watch(viewAt(action.view), action.pages);
        else {
          const { by, view, pages } = action;
          viewAt(by).follow.push(() => {
            if (view === undefined) views.push(open());
            watch(view === undefined ? (views.at(-1) as ReturnType<typeof open>) : viewAt(view), pages);
          });
        }
      }
      under.refresh();
      // What waits for a frame may open views, which have frames to wait for.
      for (let i = 0; i < 70; i++) {
        for (const view of views) view.subscription.drawn(view.last);
        tick();
      }
      for (const { store, watched, paused } of views) {
        if (paused) continue;
        for (const page of watched) {
          const expected =
            page > 15
              ? unmapped
              : (memory.unreadable.get(page) ?? memory.bytes.subarray(page * pageBytes, (page + 1) * pageBytes));
          const kept = store.get(page);
          if (typeof expected === 'number' || kept === undefined || typeof kept === 'number')
            expect(kept).toBe(expected);
          else expect(Buffer.compare(kept, expected)).toBe(0);
        }
      }
      under.dispose();
    }),
    { numRuns: 300 },
  );
});
