import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { regionLookMsMin } from '../../common/limits.ts';
import { emptyRegionTable } from '../../common/region.ts';
import { createLooks, type Looks } from '../../native/live/looks.ts';
import { unknownFigures } from '../../native/residency.ts';

let looks: Looks;
let begun: number;
/** Ends the residency's work of the look that is under way. */
let finish: () => void;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  begun = 0;
  looks = createLooks(
    {
      look: () => {
        begun++;
        return false;
      },
      table: emptyRegionTable,
      isStopped: () => false,
      residency: () =>
        new Promise((resolve) => {
          finish = () => resolve({ ...unknownFigures(0), costMs: 1 });
        }),
    },
    {
      toldVersion: emptyRegionTable.version,
      regions: () => undefined,
      residency: () => undefined,
      stopped: () => undefined,
      looked: () => undefined,
      ended: (error) => expect.unreachable(error.message),
    },
  );
});
afterEach(() => {
  looks.dispose();
  vi.useRealTimers();
});

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

test('looks: one that is asked for is one', async () => {
  looks.watch('once');
  looks.watch('once');
  await pass(0);
  finish();
  await pass(60_000);
  expect(begun).toBe(1);
});

test.each([
  ['once', ['once']],
  ['a step', [true, 'once']],
  ['twice', ['once', 'once']],
] as const)('looks: one that is asked for during another comes after it, soon and once: %s', async (_, wishes) => {
  looks.watch('once');
  await pass(0);
  for (const wish of wishes) looks.watch(wish);
  await pass(10);
  expect(begun).toBe(1);
  finish();
  await pass(regionLookMsMin);
  expect(begun).toBe(2);
  finish();
  await pass(60_000);
  expect(begun).toBe(2);
});

test('looks: one that is asked for during another does not come when nobody wants it any more', async () => {
  looks.watch('once');
  await pass(0);
  looks.watch('once');
  looks.watch(false);
  finish();
  await pass(60_000);
  expect(begun).toBe(1);
});
