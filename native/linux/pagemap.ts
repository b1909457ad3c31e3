import { readSync } from 'node:fs';
import { residencyPagesMax } from '../../common/limits.ts';
import { pageBytes, type PageNumber } from '../../common/page.ts';
import type { RegionTable } from '../../common/region.ts';
import { Errno } from './errno.ts';
import { ioctl, localAddress } from './libc.ts';
import { readProc } from './procfs.ts';

/*
 * Which pages of a process exist, through its /proc/<pid>/pagemap.
 *
 * PAGEMAP_SCAN (Linux 6.7, include/uapi/linux/fs.h) takes a struct pm_scan_arg of twelve u64:
 *
 *     size  flags  start  end  walk_end  vec  vec_len  max_pages  category_inverted  category_mask
 *     category_anyof_mask  return_mask
 *
 * and fills `vec` with struct page_region { u64 start, end, categories }, one a run of pages.
 */
const PAGEMAP_SCAN = 0xc060_6610;
const PAGE_IS_PRESENT = 8n;
const PAGE_IS_PFNZERO = 32n;
const runsMax = 1024;

/** The upper half of the address space is the kernel's; [vsyscall] is there, and has no page of its own. */
const userPages = 2 ** 51;

/** Pages a walk covers at first; then as many as take about a millisecond, so that a tick never waits long for it. */
const firstWalkPages = 2 ** 16;
const walkMs = 1;

export interface Residency {
  /** Resident bytes of each region of the table: present in memory, the shared zero page left out. NaN where unknown. */
  readonly bytes: Float64Array;
  /** How long the work took, the pauses in it left out. */
  readonly costMs: number;
}

/** Looks which pages of all regions are resident. Pauses between pieces of work; `pause` ends when it may go on. */
export async function readResidency(
  pagemap: number,
  table: RegionTable,
  pause: () => Promise<void>,
  canScan = true,
): Promise<Residency> {
  const bytes = new Float64Array(table.starts.length);
  const count = canScan ? countByScan : countByReading;
  let costMs = 0;
  for (const step = count(pagemap, table, bytes); ; await pause()) {
    const begun = performance.now();
    const { done, value } = step.next();
    costMs += performance.now() - begun;
    if (done !== true) continue;
    if (value === 'unsupported') return readResidency(pagemap, table, pause, false);
    return { bytes, costMs };
  }
}

function* countByScan(
  pagemap: number,
  table: RegionTable,
  bytes: Float64Array,
): Generator<void, 'done' | 'unsupported'> {
  const argument = new BigUint64Array(new ArrayBuffer(pageBytes), 0, 12);
  const runs = new BigUint64Array(new ArrayBuffer(runsMax * 24));
  const argumentAt = localAddress(argument);
  argument[0] = 96n;
  argument[5] = BigInt(localAddress(runs));
  argument[6] = BigInt(runsMax);
  argument[8] = PAGE_IS_PFNZERO;
  argument[9] = PAGE_IS_PRESENT | PAGE_IS_PFNZERO;
  argument[11] = PAGE_IS_PRESENT;
  const walk = { region: 0, page: table.starts[0] ?? 0 };
  const { starts, ends } = table;
  let end = 0;
  for (let i = 0; i < ends.length && (ends[i] as number) <= userPages; i++) end = ends[i] as number;

  let stride = firstWalkPages;
  let busyMs = 0;
  while (walk.page < end) {
    const to = Math.min(end, walk.page + stride);
    argument[2] = BigInt(walk.page) << 12n;
    argument[3] = BigInt(to) << 12n;
    const begun = performance.now();
    const found = ioctl(pagemap, PAGEMAP_SCAN, argumentAt);
    const tookMs = performance.now() - begun;
    if (found === -Errno.ENOTTY || found === -Errno.EINVAL) return 'unsupported';
    if (found < 0) {
      bytes.fill(NaN);
      return 'done';
    }
    for (let i = 0; i < found; i++) {
      const from = Number((runs[i * 3] as bigint) >> 12n);
      addRun(table, bytes, walk, from, Number((runs[i * 3 + 1] as bigint) >> 12n));
    }
    const reached = Number((argument[4] as bigint) >> 12n);
    if (reached <= walk.page) throw new Error('PAGEMAP_SCAN does not advance');
    // What lies between two regions costs nothing to walk over and a step for each stride: go on at the next region.
    while (walk.region < ends.length && (ends[walk.region] as number) <= reached) walk.region++;
    walk.page = Math.max(reached, starts[walk.region] ?? end);
    if (tookMs < walkMs / 2) stride *= 2;
    else if (tookMs > walkMs * 2) stride = Math.max(512, stride / 2);
    busyMs += tookMs;
    if (busyMs < walkMs) continue;
    busyMs = 0;
    yield;
  }
  return 'done';
}

/** Adds a run of resident pages to the regions that it lies in, from `walk.region` on. */
function addRun(
  table: RegionTable,
  bytes: Float64Array,
  walk: { region: number },
  from: PageNumber,
  to: PageNumber,
): void {
  const { starts, ends } = table;
  let region = walk.region;
  while (region < ends.length && (ends[region] as number) <= from) region++;
  walk.region = region;
  for (; region < ends.length && (starts[region] as number) < to; region++) {
    const pages = Math.min(to, ends[region] as number) - Math.max(from, starts[region] as number);
    bytes[region] = (bytes[region] as number) + pages * pageBytes;
  }
}

/** Bits of an entry of /proc/<pid>/pagemap, in its upper half: present. (Swapped is the next lower one.) */
const presentUpper = 0x8000_0000;
const piecePages = 2 ** 15;

/** Before Linux 6.7: eight bytes a page, so a huge reservation is left unknown instead of being walked. */
function* countByReading(pagemap: number, table: RegionTable, bytes: Float64Array): Generator<void, 'done'> {
  const entries = new Uint32Array(new ArrayBuffer(piecePages * 8));
  // An entry's index is the system's page, which may be larger than ours.
  const perPage = pagesPerSystemPage();
  for (let region = 0; region < table.starts.length; region++) {
    const start = table.starts[region] as number;
    const end = table.ends[region] as number;
    if (end > userPages || end - start > residencyPagesMax) {
      bytes[region] = end > userPages ? 0 : NaN;
      continue;
    }
    let present = 0;
    for (let page = start; page < end; page += piecePages * perPage) {
      const count = Math.ceil(Math.min(piecePages * perPage, end - page) / perPage);
      let got: number;
      try {
        got = readSync(pagemap, entries, 0, count * 8, (page / perPage) * 8);
      } catch {
        got = 0;
      }
      for (let i = 1; i < got / 4; i += 2) if ((entries[i] as number) & presentUpper) present++;
      if (end - start > 4096) yield;
    }
    bytes[region] = present * perPage * pageBytes;
    if (region % 256 === 255) yield;
  }
  return 'done';
}

/** How many of our pages one of the system's is: 1 on x64, 4 or 16 on some arm64 kernels. Out of our own auxiliary vector. */
function pagesPerSystemPage(): number {
  const auxv = readProc('/proc/self/auxv');
  const AT_PAGESZ = 6;
  for (let at = 0; auxv !== undefined && at + 16 <= auxv.length; at += 16) {
    if (auxv.readUInt32LE(at) === AT_PAGESZ) return Math.max(1, auxv.readUInt32LE(at + 8) / pageBytes);
  }
  return 1;
}
