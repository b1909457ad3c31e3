// What a tick costs the agent over what a view shows: one read, one comparison, and the frame where something changed.
import { openSync, writeSync, closeSync } from 'node:fs';
import { attach } from '../../native/attach.ts';
import { pageOf, pageBytes } from '../../common/page.ts';
import type { Frame } from '../../common/frame.ts';
import { createReader } from '../../native/live/reader.ts';
import type { Process } from '../../native/process.ts';
import { startTarget } from '../target/target.ts';
import { median, type BenchResult } from './bench.ts';

/** A view of 64 rows of 16 bytes is a page, or two where it is not aligned; of 64-byte rows, two. */
const visiblePages = 2;

/** Times the body of the reader's own timer, tick by tick, by holding on to the function that it schedules. */
function tickOf(
  source: Process,
  pages: number,
  first: number,
): { tick: () => void; frames: () => number; dispose: () => void } {
  const real = globalThis.setTimeout;
  let next: (() => void) | undefined;
  // The reader is to run when we say so; nothing else in this program sets timers meanwhile.
  globalThis.setTimeout = ((body: () => void) => {
    next = body;
    return { hasRef: () => false } as unknown as NodeJS.Timeout;
  }) as unknown as typeof setTimeout;
  let frames = 0;
  const reader = createReader(source, { ended: (error) => console.error(error) });
  const subscription = reader.subscribe((frame: Frame) => {
    frames++;
    subscription.drawn(frame.seq);
  });
  subscription.watch(Float64Array.from({ length: pages }, (_, i) => first + i));
  return {
    tick: () => next?.(),
    frames: () => frames,
    dispose() {
      globalThis.setTimeout = real;
      reader.dispose();
    },
  };
}

/** The median of single ticks, in microseconds, each after a pause as between real ticks' neighbours in a warm loop. */
function measure(tick: () => void, change: () => void): number {
  const took: number[] = [];
  for (let i = 0; i < 20_000; i++) {
    change();
    const begun = process.hrtime.bigint();
    tick();
    if (i > 2_000) took.push(Number(process.hrtime.bigint() - begun) / 1000);
  }
  return median(took);
}

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask('map 256 rw 1'));
  const source = await attach(target.pid);
  const results: BenchResult[] = [];
  const memory = openSync(`/proc/${target.pid}/mem`, 'r+');
  const byte = new Uint8Array(1);
  const changeAll = (pages: number) => (): void => {
    byte[0] = (byte[0] as number) + 1;
    // One changed byte makes a page a changed page: a frame has whole pages.
    for (let page = 0; page < pages; page++) writeSync(memory, byte, 0, 1, Number(at) + page * pageBytes);
  };
  for (const [pages, changes, limit] of [
    [visiblePages, false, 30],
    [visiblePages, true, 30],
    [64, false, undefined],
    [64, true, undefined],
    [256, false, undefined],
  ] as const) {
    const under = tickOf(source, pages, pageOf(at));
    under.tick();
    const value = measure(under.tick, changes ? changeAll(pages) : () => undefined);
    if (changes !== under.frames() > 10_000) throw new Error(`${under.frames()} frames`);
    under.dispose();
    results.push({
      name: `a tick over ${pages} pages, ${changes ? 'all' : 'none'} changed`,
      value,
      unit: 'µs',
      ...(limit !== undefined && { limit }),
    });
  }
  closeSync(memory);
  source.dispose();
  target.dispose();
  return results;
}
