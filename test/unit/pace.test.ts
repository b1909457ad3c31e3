import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPace } from '../../webview/pace.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first is done at once, what follows rests, and the last is never left undone', () => {
  const body = vi.fn();
  const pace = createPace(100, 50, body);
  pace.soon();
  expect(body).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(99);
  pace.soon();
  pace.soon();
  expect(body).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(50);
  expect(body).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(body).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(body).toHaveBeenCalledTimes(2);
});

test('whoever asks after the rest takes along what waited', () => {
  const body = vi.fn();
  const pace = createPace(100, 50, body);
  for (let ms = 0; ms < 1000; ms += 60) {
    pace.soon();
    vi.advanceTimersByTime(60);
  }
  // At 0, 120, 240 and so on: with a frame each time.
  expect(body).toHaveBeenCalledTimes(9);
});

test('now() waits for nothing, and what it has done need not be done again', () => {
  const body = vi.fn();
  const pace = createPace(100, 50, body);
  pace.soon();
  pace.soon();
  pace.now();
  expect(body).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(body).toHaveBeenCalledTimes(2);
});
