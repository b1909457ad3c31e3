import { expect, test } from 'vitest';
import { pagesPerViewMax } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import { watchedPages } from '../../common/watched.ts';
import { buildFrame, runsOf } from '../../extension/debug/adapterFrames.ts';
import { createLocalWire } from '../../extension/debug/localWire.ts';
import { createTurns } from '../../extension/debug/turns.ts';

test('watchedPages() gives sound pages ascending, each once, and no more than a view may watch', () => {
  expect([...watchedPages([5, 3, 3, -1, 0.5, NaN, 2 ** 52, 4])]).toEqual([3, 4, 5]);
  expect(watchedPages(Array.from({ length: 1000 }, (_, i) => i))).toHaveLength(pagesPerViewMax);
});

test('runsOf() joins neighbours, up to a bound', () => {
  expect(runsOf([9, 1, 2, 3, 4, 6], 3)).toEqual([[1, 2, 3], [4], [6], [9]]);
  expect(runsOf([], 3)).toEqual([]);
});

test('a frame holds bytes of readable pages only, in buffers that are all its own', () => {
  const bytes = new Uint8Array(pageBytes).fill(7);
  const known = new Map([
    [2, { state: PageState.readable, bytes, epoch: 1 }],
    [3, { state: PageState.withheld, bytes: new Uint8Array(0), epoch: 1 }],
  ]);
  const frame = buildFrame(4, Float64Array.of(1, 2, 3), known);
  expect(frame.states).toEqual(Uint8Array.of(PageState.unread, PageState.readable, PageState.withheld));
  expect(frame.bytes).toEqual(bytes);
  for (const part of [frame.pages, frame.states, frame.bytes]) expect(part.byteLength).toBe(part.buffer.byteLength);
  expect(frame.bytes.buffer).not.toBe(bytes.buffer);
});

test('createTurns() runs so many at a time, in order, and goes on after a failure', async () => {
  const inTurn = createTurns(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const work = (i: number) => (): Promise<number> => {
    begun.push(i);
    return new Promise((resolve, reject) => ends.push(i === 0 ? () => reject(new Error('no')) : () => resolve(i)));
  };
  const all = [0, 1, 2, 3].map((i) => inTurn(work(i)));
  await Promise.resolve();
  expect(begun).toEqual([0, 1]);
  ends[0]?.();
  await expect(all[0]).rejects.toThrow('no');
  await expect.poll(() => begun).toEqual([0, 1, 2]);
  ends[1]?.();
  await expect(all[1]).resolves.toBe(1);
  await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  expect(await Promise.all(all.slice(2))).toEqual([2, 3]);
});

test('a local wire delivers in order, and not before what runs has ended', async () => {
  const [one, other] = createLocalWire();
  const heard: unknown[] = [];
  other.listen((message) => heard.push(message));
  one.listen((message) => heard.push(`back ${String(message)}`));
  one.post(1);
  one.post(2);
  other.post(3);
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual([1, 2, 'back 3']);
});
