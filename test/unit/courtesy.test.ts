import { expect, test } from 'vitest';
import { courtesyIntervalMsMax, courtesyLookMs } from '../../common/limits.ts';
import { createCourtesy, type Courtesy } from '../../native/live/courtesy.ts';
import type { Share } from '../../native/linux/schedstat.ts';

let had: Share | undefined;
let nowMs: number;

function polite(): Courtesy {
  nowMs = 1000;
  had = { ran: courtesyLookMs, waited: 0 };
  const courtesy = createCourtesy(() => had);
  courtesy.look(nowMs);
  return courtesy;
}

/** Looks `count` times with that share of each time lost to waiting. */
function looks(courtesy: Courtesy, count: number, lost: number, could = 1): void {
  for (let i = 0; i < count; i++) {
    nowMs += courtesyLookMs;
    had = { ran: could * (1 - lost) * courtesyLookMs, waited: could * lost * courtesyLookMs };
    courtesy.look(nowMs);
  }
}

test('a program that gets all that it could run is not given way to', () => {
  const courtesy = polite();
  looks(courtesy, 50, 0.004);
  expect(courtesy.intervalMs).toBe(0);
});

test('one that has to wait is given way to step by step, down to ten looks a second', () => {
  const courtesy = polite();
  looks(courtesy, 1, 0.1);
  expect(courtesy.intervalMs, 'once may be a blink').toBe(0);
  looks(courtesy, 1, 0.1);
  expect(courtesy.intervalMs).toBeCloseTo(100 / 3);
  looks(courtesy, 1, 0.1);
  expect(courtesy.intervalMs).toBeCloseTo(200 / 3);
  looks(courtesy, 20, 0.1);
  expect(courtesy.intervalMs).toBe(courtesyIntervalMsMax);
});

test('a pace at which it hardly waits is kept, and given up once it does not wait at all', () => {
  const courtesy = polite();
  looks(courtesy, 3, 0.1);
  looks(courtesy, 40, 0.01);
  expect(courtesy.intervalMs).toBeCloseTo(200 / 3);
  looks(courtesy, 3, 0);
  expect(courtesy.intervalMs).toBeCloseTo(200 / 3);
  looks(courtesy, 1, 0);
  expect(courtesy.intervalMs).toBeCloseTo(100 / 3);
  looks(courtesy, 4, 0);
  expect(courtesy.intervalMs).toBe(0);
});

test('a program that could run for less than half of the time does not care', () => {
  const courtesy = polite();
  looks(courtesy, 20, 0.3, 0.4);
  expect(courtesy.intervalMs).toBe(0);
  looks(courtesy, 5, 0.3, 0.6);
  expect(courtesy.intervalMs).toBeGreaterThan(0);
  looks(courtesy, 40, 0.3, 0.4);
  expect(courtesy.intervalMs).toBe(0);
});

test('it looks every so often at most, and what came while nobody looked counts for nothing', () => {
  nowMs = 0;
  let asked = 0;
  const courtesy = createCourtesy(() => {
    asked++;
    return { ran: 1000, waited: 100_000 };
  });
  for (let i = 0; i < 100; i++) courtesy.look((nowMs += courtesyLookMs / 50));
  expect(asked).toBe(2);
  for (let i = 0; i < 10; i++) courtesy.look((nowMs += 10_000));
  expect(courtesy.intervalMs).toBe(0);
});

test('where the kernel keeps no count, nothing is given way to', () => {
  const courtesy = polite();
  for (let i = 0; i < 10; i++) {
    nowMs += courtesyLookMs;
    had = undefined;
    expect(courtesy.look(nowMs)).toBe(false);
  }
  expect(courtesy.intervalMs).toBe(0);
});
