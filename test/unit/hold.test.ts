import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { holdCheckMs } from '../../common/limits.ts';
import { createHoldChecks, type HoldChecks } from '../../native/hold.ts';

let memory: Uint8Array;
let readable: boolean;
let reads: number;
let told: { id: number; afterMs: number }[];
let holds: HoldChecks;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  memory = new Uint8Array(100);
  readable = true;
  reads = 0;
  told = [];
  holds = createHoldChecks({
    read: ({ start, length }, bytes) => {
      reads++;
      bytes.set(memory.subarray(Number(start), Number(start) + length));
      return readable ? length : 0;
    },
    overwritten: (id, afterMs) => told.push({ id, afterMs }),
  });
});
afterEach(() => {
  holds.dispose();
  vi.useRealTimers();
});

test('hold checks tell once, with the time, and then stop looking', () => {
  holds.add(3, { start: 10n, length: 2 }, Uint8Array.of(0, 0));
  vi.advanceTimersByTime(120);
  memory[11] = 1;
  vi.advanceTimersByTime(5000);
  expect(told).toEqual([{ id: 3, afterMs: 200 }]);
  expect(vi.getTimerCount()).toBe(0);
});

test('hold checks end by themselves, after a few looks', () => {
  holds.add(1, { start: 0n, length: 1 }, Uint8Array.of(0));
  vi.advanceTimersByTime(holdCheckMs);
  expect(vi.getTimerCount()).toBe(0);
  expect(reads).toBeLessThan(10);
  memory[0] = 1;
  vi.advanceTimersByTime(5000);
  expect(told).toEqual([]);
});

test('hold checks leave bytes alone that we have written again ourselves', () => {
  holds.add(1, { start: 0n, length: 4 }, new Uint8Array(4));
  memory[3] = 7;
  holds.add(2, { start: 3n, length: 1 }, Uint8Array.of(7));
  vi.advanceTimersByTime(100);
  memory[3] = 8;
  vi.advanceTimersByTime(2000);
  expect(told.map(({ id }) => id)).toEqual([2]);
});

test('hold checks say nothing of what cannot be read any more', () => {
  holds.add(1, { start: 0n, length: 1 }, Uint8Array.of(0));
  readable = false;
  vi.advanceTimersByTime(2000);
  expect(told).toEqual([]);
});

test('hold checks tell of what comes back into sight changed', () => {
  holds.add(1, { start: 0n, length: 1 }, Uint8Array.of(0));
  readable = false;
  vi.advanceTimersByTime(120);
  memory[0] = 1;
  readable = true;
  vi.advanceTimersByTime(2000);
  expect(told).toEqual([{ id: 1, afterMs: 200 }]);
});
