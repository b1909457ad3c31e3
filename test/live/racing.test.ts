import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { addressOfPage, pageBytes, pageOf, PageState } from '../../common/page.ts';
import { createPlan, type ReadOptions, type ReadPlan } from '../../native/source.ts';
import { startTarget } from '../target/target.ts';
import { addressOf, attachTo, pagesFrom } from './support.ts';

/** A minute finds what a second does not; a shorter one is for whoever works on this file. */
const seconds = Number(process.env['LIVE_MEMORY_RACE_SECONDS'] ?? 60);
const threads = 2;
const untouched = 0xee;
const untouchedPage = new Uint8Array(pageBytes).fill(untouched);
const grownBytesMax = 32 * 1024 * 1024;

/** What test/target/racing.c has in its window, as 32-bit words: the u64 at A is A ^ 0x5ea1ed5ea1ed5ea1. */
function expectedWords(first: number, pages: number): Uint32Array {
  const words = new Uint32Array((pages * pageBytes) / 4);
  for (let i = 0; i < words.length; i += 2) {
    const value = (addressOfPage(first) + BigInt(i * 4)) ^ 0x5ea1_ed5e_a1ed_5ea1n;
    words[i] = Number(value & 0xffff_ffffn);
    words[i + 1] = Number(value >> 32n);
  }
  return words;
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test(
  `regions that threads map, move, protect and unmap while they are read for ${seconds} s: no wrong byte, no leak, no crash`,
  { timeout: (seconds + 30) * 1000 },
  async ({ annotate }) => {
    // Files run in processes of their own; this one leaves the processor to those that watch the clock.
    setPriority(10);
    const target = await startTarget('racing', [String(threads)]);
    onTestFinished(() => target.dispose());
    const source = await attachTo(target.pid);
    const first = pageOf(addressOf(target, 'window'));
    const pages = Number(target.facts['pages']);
    const expected = expectedWords(first, pages);
    const bytesOf = new Uint8Array(expected.buffer);

    const plan = createPlan(pagesFrom(addressOfPage(first), pages));
    /** Every other page, the higher ones first: each is an iovec. */
    const scattered = createPlan(Float64Array.from({ length: pages / 2 }, (_, i) => first + pages - 2 - 2 * i));
    const odd = { start: addressOfPage(first) + 100n, length: (pages - 1) * pageBytes };
    const oddBytes = new Uint8Array(new ArrayBuffer(odd.length));
    const seen = { readable: 0, unreadable: 0, mixed: 0, reads: 0 };
    const wrong: string[] = [];

    /** Compares what one page of a read has: from byte `from` of the window on. */
    function checkPage(bytes: Uint8Array, from: number, state: number, what: string): void {
      const isReadable = state === PageState.readable;
      seen[isReadable ? 'readable' : 'unreadable']++;
      const fits = isReadable
        ? Buffer.compare(bytes, bytesOf.subarray(from, from + bytes.length)) === 0
        : Buffer.compare(bytes, untouchedPage.subarray(0, bytes.length)) === 0;
      if (fits) return;
      const at = bytes.findIndex((byte, i) => byte !== (isReadable ? bytesOf[from + i] : untouched));
      wrong.push(`${what}: byte ${from + at} of the window, state ${state}, is ${bytes[at]}`);
    }

    async function readPlan(one: ReadPlan, what: string, options: ReadOptions = {}): Promise<void> {
      one.states.fill(PageState.unread);
      one.bytes.fill(untouched);
      await source.read(one, options);
      for (let i = 0; i < one.pages.length; i++) {
        const page = one.bytes.subarray(i * pageBytes, (i + 1) * pageBytes);
        checkPage(page, ((one.pages[i] as number) - first) * pageBytes, one.states[i] as number, what);
      }
      if (new Set(one.states).size > 1) seen.mixed++;
    }

    async function readOdd(): Promise<void> {
      oddBytes.fill(untouched);
      const { states, read } = await source.readInto(odd, oddBytes);
      let readable = 0;
      for (let i = 0, from = 0; i < states.length; i++) {
        const to = Math.min((i + 1) * pageBytes - 100, odd.length);
        checkPage(oddBytes.subarray(from, to), from + 100, states[i] as number, 'readInto()');
        if (states[i] === PageState.readable) readable += to - from;
        from = to;
      }
      if (read !== readable) wrong.push(`readInto() says ${read} bytes, and its states ${readable}`);
    }

    async function round(): Promise<void> {
      await readPlan(plan, 'read()');
      await readPlan(scattered, 'read() of scattered pages, absent ones too', { faultIn: true });
      await readOdd();
      await readPlan(plan, 'read() by force', { faultIn: true, force: true });
      seen.reads += 4;
      source.look();
    }

    // The first rounds make what stays: tables, compiled vectors, the engine's own.
    for (let i = 0; i < 200; i++) await round();
    const before = { descriptors: descriptors(), residentBytes: process.memoryUsage.rss(), reads: seen.reads };
    for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs && wrong.length === 0;) {
      for (let i = 0; i < 20; i++) await round();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }

    expect(wrong.slice(0, 10)).toEqual([]);
    expect(descriptors()).toBe(before.descriptors);
    const grownBytes = process.memoryUsage.rss() - before.residentBytes;
    // It is alive, and it did race.
    const changes = Number(await target.ask('how many'));
    const { readable, unreadable, mixed, reads } = seen;
    await annotate(
      `${reads} reads of ${changes} changes: ${readable} pages readable, ${unreadable} not, in ${mixed} reads both; grown by ${(grownBytes / 2 ** 20).toFixed(1)} MiB`,
    );
    // In a minute a read that leaves behind a page of its own passes this three times over.
    expect(grownBytes).toBeLessThan(grownBytesMax);
    expect(changes).toBeGreaterThan(seconds * 1000);
    expect(source.isAlive()).toBe(true);
    expect(reads - before.reads).toBeGreaterThan(seconds * 10);
    expect(Math.min(readable, unreadable, mixed)).toBeGreaterThan(0);
  },
);
