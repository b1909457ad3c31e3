import { presenceGapPages } from '../../common/limits.ts';
import { pageBytes, PageState, type PageNumber } from '../../common/page.ts';
import { Errno } from './errno.ts';
import { ioctl, localAddress, pread } from './libc.ts';
import { readProc } from './procfs.ts';

/*
 * Which pages of a process exist, through its /proc/<pid>/pagemap: without touching one of them.
 *
 * PAGEMAP_SCAN (Linux 6.7, include/uapi/linux/fs.h) takes a struct pm_scan_arg of twelve u64:
 *
 *     size  flags  start  end  walk_end  vec  vec_len  max_pages  category_inverted  category_mask
 *     category_anyof_mask  return_mask
 *
 * and fills `vec` with struct page_region { u64 start, end, categories }, one a run of pages.
 *
 * Before it: eight bytes a page are read from the file itself (Documentation/admin-guide/mm/pagemap.rst), bit 63 present,
 * bit 62 swapped, bit 58 guard. That knows neither the shared zero page nor huge pages.
 */
const PAGEMAP_SCAN = 0xc060_6610;

/** Linux 6.16. Nobody can read or write a page that has become one by MADV_GUARD_INSTALL, and no fault brings anything in. */
const PAGE_IS_GUARD = 0x100;

/**
 * Categories of a run, with the kernel's values, but for `guard`, which does not fit into a byte there. The kernel keeps a guard
 * page as it keeps one that is swapped out, and calls it that as well: here it is `guard` alone. Where the kernel does not tell,
 * it is `swapped`.
 */
export const PageBits = { guard: 1, file: 4, present: 8, swapped: 16, zero: 32, huge: 64 } as const;

/** The upper half of the address space is the kernel's; [vsyscall] is there, and has no page of its own. */
export const userPages = 2 ** 51;

/** Runs that one step finds at most. */
export const runsMax = 1024;

/** Pages that one step reads where there is no PAGEMAP_SCAN: 256 KiB of entries, about half a millisecond. */
const entriesMax = 2 ** 15;

/** Looks through the pages of one address space. */
export interface PageMap {
  /**
   * Finds runs of pages within [from, to) that have any of the `any` bits, and tells those of the `wanted` bits that they
   * have. Gives how many runs, in `starts`, `ends` and `bits`; `walkedTo` is where the next step has to go on. -errno where
   * the kernel refuses.
   */
  step(from: PageNumber, to: PageNumber, any: number, wanted: number): number;
  /**
   * The first page of [from, to) that is mapped and not in memory, `to` where there is none, in one question; `from` where
   * that is not known so easily.
   */
  presentTo(from: PageNumber, to: PageNumber): PageNumber;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly bits: Uint8Array;
  readonly walkedTo: PageNumber;
  /** Whether it can tell the zero page and huge pages. */
  readonly hasScan: boolean;
}

export function createPageMap(descriptor: number, canScan = true): PageMap {
  const starts = new Float64Array(runsMax);
  const ends = new Float64Array(runsMax);
  const bits = new Uint8Array(runsMax);
  const perPage = pagesPerSystemPage();
  let hasScan = canScan;
  /** What asks the kernel for guard pages; 0 once it has said that it does not know them. */
  let guardCategory = PAGE_IS_GUARD;
  let walkedTo = 0;

  const runs = new Uint32Array(new ArrayBuffer(runsMax * 24));
  const runsAt = BigInt(localAddress(runs));
  const { words, at: wordsAt } = createArgument(runsAt, runsMax);

  // Asks for mapped pages that are not in memory: to find none costs half of what it takes to find all that are. Room for one
  // run, because the kernel takes less memory for less.
  const absent = createArgument(runsAt, 1);
  absent.words[16] = absent.words[18] = absent.words[22] = PageBits.present;

  function scan(from: PageNumber, to: PageNumber, any: number, wanted: number): number {
    putPage(words, 4, from);
    putPage(words, 6, to);
    // Whoever asks for what is swapped out does not mean guard pages.
    words[16] = words[18] = any & PageBits.guard ? 0 : guardCategory;
    words[20] = categoriesOf(any);
    words[22] = categoriesOf(wanted);
    const found = ioctl(descriptor, PAGEMAP_SCAN, wordsAt);
    if (found === -Errno.EINVAL && guardCategory !== 0) {
      guardCategory = 0;
      return scan(from, to, any, wanted);
    }
    if (found < 0) return found;
    for (let i = 0; i < found; i++) {
      const categories = runs[i * 6 + 4] as number;
      starts[i] = pageAt(runs, i * 6);
      ends[i] = pageAt(runs, i * 6 + 2);
      bits[i] = categories & PAGE_IS_GUARD ? PageBits.guard : categories;
    }
    walkedTo = pageAt(words, 8);
    if (walkedTo <= from) throw new Error('PAGEMAP_SCAN does not advance');
    return found;
  }

  function categoriesOf(pageBits: number): number {
    return pageBits & PageBits.guard ? (pageBits - PageBits.guard) | guardCategory : pageBits;
  }

  let entries: Uint32Array | undefined;

  /** The same out of the file's entries, for older kernels. */
  function read(from: PageNumber, to: PageNumber, any: number, wanted: number): number {
    entries ??= new Uint32Array(new ArrayBuffer(entriesMax * 8));
    const count = Math.min(entriesMax, (to - from) / perPage);
    const got = pread(descriptor, localAddress(entries), count * 8, (from / perPage) * 8);
    if (got < 0) return got;
    let found = 0;
    let open = -1;
    for (let i = 0; i < got / 8; i++) {
      const upper = entries[i * 2 + 1] as number;
      const has = bitsOf(upper);
      const page = from + i * perPage;
      if ((has & any) === 0) continue;
      if (open >= 0 && ends[open] === page && bits[open] === (has & wanted)) {
        ends[open] = page + perPage;
        continue;
      }
      if (found === runsMax) {
        walkedTo = page;
        return found;
      }
      open = found++;
      starts[open] = page;
      ends[open] = page + perPage;
      bits[open] = has & wanted;
    }
    // A short read ends where the address space does.
    walkedTo = got < count * 8 ? to : from + count * perPage;
    return found;
  }

  return {
    starts,
    ends,
    bits,
    get walkedTo() {
      return walkedTo;
    },
    get hasScan() {
      return hasScan;
    },
    presentTo(from, to) {
      if (!hasScan) return from;
      const first = perPage === 1 ? from : from - (from % perPage);
      const end = perPage === 1 ? to : Math.ceil(to / perPage) * perPage;
      if (first >= end || end > userPages) return from;
      putPage(absent.words, 4, first);
      putPage(absent.words, 6, end);
      const found = ioctl(descriptor, PAGEMAP_SCAN, absent.at);
      if (found === 0) return to;
      return found > 0 ? Math.max(from, pageAt(runs, 0)) : from;
    },
    step(from, to, any, wanted) {
      // Both count in the system's pages, which may be larger than ours.
      const first = from - (from % perPage);
      const end = Math.min(userPages, Math.ceil(to / perPage) * perPage);
      if (first >= end) {
        walkedTo = to;
        return 0;
      }
      if (hasScan) {
        const found = scan(first, end, any, wanted);
        if (found !== -Errno.ENOTTY && found !== -Errno.EINVAL) return found;
        hasScan = false;
      }
      return read(first, end, any, wanted);
    },
  };
}

/**
 * Calls `visit` for the pages of a list of ascending stretches, with the bits that each has of `present`, `swapped` and
 * `guard`; not for those that are in memory and were going to be read. Pages that are close together share a step. False where
 * the kernel does not tell.
 */
export function visitPages(
  map: PageMap,
  pages: Float64Array,
  states: Uint8Array,
  visit: (index: number, bits: number) => void,
): boolean {
  const any = PageBits.present | PageBits.swapped | PageBits.guard;
  for (let i = 0; i < pages.length;) {
    const first = pages[i] as number;
    let end = i + 1;
    for (; end < pages.length; end++) {
      const gap = (pages[end] as number) - (pages[end - 1] as number);
      if (gap < 1 || gap > presenceGapPages) break;
    }
    const last = (pages[end - 1] as number) + 1;
    // What was read before is nearly always there still, and to be told so takes a third of being told what is. A page that is
    // no longer mapped counts as there: whoever reads it hears of it.
    if (map.hasScan && areReadable(states, i, end) && map.presentTo(first, last) === last) {
      i = end;
      continue;
    }
    for (let from = first; i < end;) {
      const found = map.step(from, last, any, any);
      if (found < 0) return false;
      const { starts, ends, bits, walkedTo } = map;
      for (let run = 0; i < end && (pages[i] as number) < walkedTo; i++) {
        const page = pages[i] as number;
        while (run < found && (ends[run] as number) <= page) run++;
        const has = run < found && (starts[run] as number) <= page ? (bits[run] as number) : 0;
        // Nearly always: a call for each of a thousand pages is what a tick would be made of.
        if ((has & PageBits.present) === 0 || (states[i] as number) > PageState.unread) visit(i, has);
      }
      from = walkedTo;
    }
  }
  return true;
}

function areReadable(states: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (states[i] !== PageState.readable) return false;
  return true;
}

/** Out of the upper half of a page's entry in the file. */
function bitsOf(upper: number): number {
  if (upper & 0x8000_0000) return PageBits.present;
  if ((upper & 0x4000_0000) === 0) return 0;
  return upper & 0x0400_0000 ? PageBits.guard : PageBits.swapped;
}

/** A struct pm_scan_arg, as 32-bit halves, with room for runs at an address. */
function createArgument(runsAt: bigint, room: number): { readonly words: Uint32Array; readonly at: number } {
  const argument = new BigUint64Array(new ArrayBuffer(pageBytes), 0, 12);
  argument[0] = 96n;
  argument[5] = runsAt;
  argument[6] = BigInt(room);
  return { words: new Uint32Array(argument.buffer, 0, 24), at: localAddress(argument) };
}

function putPage(words: Uint32Array, at: number, page: PageNumber): void {
  // An element of 32 bits takes the lower ones of what is larger; `%` of such numbers is a call.
  words[at] = page * pageBytes;
  words[at + 1] = page / 0x10_0000;
}

function pageAt(words: Uint32Array, at: number): PageNumber {
  return (words[at + 1] as number) * 0x10_0000 + (words[at] as number) / pageBytes;
}

let systemPages: number | undefined;

/** How many of our pages one of the system's is: 1 on x64, 4 or 16 on some arm64 kernels. Out of our own auxiliary vector. */
function pagesPerSystemPage(): number {
  if (systemPages !== undefined) return systemPages;
  const auxv = readProc('/proc/self/auxv');
  const AT_PAGESZ = 6;
  systemPages = 1;
  for (let at = 0; auxv !== undefined && at + 16 <= auxv.length; at += 16) {
    if (auxv.readUInt32LE(at) === AT_PAGESZ) systemPages = Math.max(1, auxv.readUInt32LE(at + 8) / pageBytes);
  }
  return systemPages;
}
