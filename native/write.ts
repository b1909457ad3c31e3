import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { addressOfPage, pageOf, printPageState } from '../common/page.ts';
import { endOf, type Range } from '../common/range.ts';
import {
  Access,
  baseName,
  findRegion,
  printAccess,
  regionKind,
  regionName,
  type RegionTable,
} from '../common/region.ts';
import { writeBytesMax } from '../common/limits.ts';
import { Errno } from './linux/errno.ts';
import type { Part } from './linux/scatter.ts';
import { unreadableState } from './pages.ts';
import type { WriteOptions, Written } from './source.ts';

/** What a write needs of a process. Counts are bytes that moved, or -errno. */
export interface WriteAccess {
  /** The regions as they are now. */
  table(): RegionTable;
  /** Whether the address space is alive and the process's own. */
  isAlive(): boolean;
  gone(): MemoryError;
  /** Through the descriptor, so that 0 means that the address space is gone. */
  readThrough(address: Address, bytes: Uint8Array): number;
  writeThrough(address: Address, bytes: Uint8Array): number;
  /** To this address space or none; a part ends at the first page that refuses. 0 with the bytes of each part that landed, or -errno. */
  writeVector(parts: readonly Part[], landed: Float64Array): number;
  refusal(errno: number): Error;
}

/** One of many ranges to write, with as many bytes. */
export interface PartToWrite extends Part {
  /** Leave this part out, with a `Conflict`, unless the target holds exactly these bytes now. */
  readonly expect?: Uint8Array;
}

/** What became of one of many ranges. */
export interface PartWritten {
  /** Bytes that are in the target. */
  readonly landed: number;
  /** What stood there before; as long as the range, or empty where that could not be read. */
  readonly before: Uint8Array;
  /** Whether all bytes landed and were still ours when read back at once. */
  readonly held: boolean;
  /** Why not all landed. */
  readonly error?: Error;
}

const untouched = 'Nothing was written.';

/** Writes one range. Throws MemoryError; nothing has landed unless `landed` says so. As `writeParts`. */
export function writeMemory(target: WriteAccess, range: Range, bytes: Uint8Array, options: WriteOptions): Written {
  const { expect } = options;
  const [written] = writeParts(target, [{ range, bytes, ...(expect !== undefined && { expect }) }], options);
  if (written === undefined) throw new Error('a part without an outcome');
  if (written.error !== undefined) throw written.error;
  return { before: written.before, held: written.held };
}

interface Work extends Part {
  readonly before: Uint8Array;
  error: Error | undefined;
  landed: number;
  held: boolean;
}

/**
 * Writes ranges: leave out what cannot be written whole → read what is there → leave out a conflict → prove whose memory it
 * is → write → prove it again → read back. Throws MemoryError where nothing is to be written or the process is gone.
 *
 * A program may call exec between the proof and the write: `guard.ts` keeps what comes from being written to, and the second
 * proof tells.
 */
export function writeParts(
  target: WriteAccess,
  parts: readonly PartToWrite[],
  { force }: Pick<WriteOptions, 'force'>,
): PartWritten[] {
  assertApart(parts);
  const works = parts.map((part) => prepare(target, part, force === true));
  const live = works.filter(({ error, range }) => error === undefined && range.length > 0);
  if (live.length > 0) {
    if (!target.isAlive()) throw target.gone();
    const refused = move(target, live, force === true);
    if (!target.isAlive()) {
      const gone = target.gone();
      const fate = live.some(({ landed }) => landed > 0) ? 'They are lost with it.' : untouched;
      throw new MemoryError('Gone', `While the bytes were being written: ${gone.message} ${fate}`);
    }
    for (const work of live) {
      if (work.landed < work.range.length) work.error = shortWrite(target, work, refused, force === true);
      else work.held = readsBack(target, work);
    }
  }
  return works.map(({ landed, before, held, error }) => ({
    landed,
    before,
    held,
    ...(error !== undefined && { error }),
  }));
}

/** Overlapping parts would make one write of two, with one `before` for both. */
function assertApart(parts: readonly PartToWrite[]): void {
  const bytes = parts.reduce((sum, { range }) => sum + range.length, 0);
  if (bytes > writeBytesMax) {
    throw new MemoryError('Limit', `One write takes at most ${writeBytesMax} bytes. ${untouched} Write it in parts.`);
  }
  const full = parts.map(({ range }) => range).filter(({ length }) => length > 0);
  const ranges = full.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  for (const [i, range] of ranges.entries()) {
    const before = ranges[i - 1];
    if (before !== undefined && endOf(before) > range.start)
      throw new MemoryError(
        'Invalid',
        `Two of the ranges overlap at ${printAddress(range.start)}. ${untouched} Write one after the other.`,
      );
  }
}

function prepare(target: WriteAccess, part: PartToWrite, force: boolean): Work {
  const { range, expect } = part;
  // A copy of our own: the caller's may change under the call, and may lie on V8's heap, which moves.
  const bytes = ownBytes(range.length);
  bytes.set(part.bytes);
  const before = ownBytes(range.length);
  const none = { range, bytes, before: ownBytes(0), landed: 0, held: false };
  const refused =
    range.length === 0 ? undefined : (whyNotWritable(target.table(), range, force) ?? readAll(target, range, before));
  if (refused !== undefined) return { ...none, error: refused };
  const conflict = expect === undefined ? undefined : conflictOf(range, before, expect);
  return { ...none, before, held: range.length === 0, error: conflict };
}

/** Writes the parts; what the kernel refused with, or `undefined`. */
function move(target: WriteAccess, live: readonly Work[], force: boolean): number | undefined {
  if (!force) {
    const landed = new Float64Array(live.length);
    const errno = target.writeVector(live, landed);
    live.forEach((work, i) => (work.landed = landed[i] as number));
    return errno < 0 ? -errno : undefined;
  }
  let refused: number | undefined;
  for (const work of live) {
    const moved = target.writeThrough(work.range.start, work.bytes);
    work.landed = Math.max(moved, 0);
    if (moved < 0) refused = -moved;
  }
  return refused;
}

function readsBack(target: WriteAccess, { range, bytes }: Work): boolean {
  const after = ownBytes(range.length);
  // What the program has taken away since has landed all the same, and not held.
  return readAll(target, range, after) === undefined && Buffer.compare(after, bytes) === 0;
}

function ownBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

/** Reads what stands at a range; why it cannot be read. Throws Gone. */
function readAll(target: WriteAccess, range: Range, bytes: Uint8Array): MemoryError | undefined {
  const count = target.readThrough(range.start, bytes);
  if (count === bytes.length) return undefined;
  if (count === 0 || !target.isAlive()) throw target.gone();
  const at = range.start + BigInt(Math.max(count, 0));
  const table = target.table();
  const why = printPageState(unreadableState(table, pageOf(at)));
  return new MemoryError(
    'Protected',
    `What stands at ${printAddress(at)} in ${place(table, at)} cannot be read (${why}), so it could not be undone. ${untouched} Choose an address whose bytes can be seen.`,
  );
}

/** Refuses a range with a page that is not mapped or, unless forced, not writable; names the first. */
function whyNotWritable(table: RegionTable, range: Range, force: boolean): MemoryError | undefined {
  const end = pageOf(endOf(range) - 1n);
  for (let page = pageOf(range.start); page <= end;) {
    const index = findRegion(table, page);
    const at = page === pageOf(range.start) ? range.start : addressOfPage(page);
    if (index < 0) {
      const fits = Number(at - range.start);
      const remedy =
        fits > 0
          ? `Only the first ${fits} bytes have a place: write those, or choose another address.`
          : 'Choose an address inside a region.';
      return new MemoryError('Unmapped', `Nothing is mapped at ${printAddress(at)}. ${untouched} ${remedy}`);
    }
    const kernels = regionKind(table, index) === 'vdso' && regionName(table, index) !== '[vdso]';
    if (kernels) {
      return new MemoryError(
        'Protected',
        `${printAddress(at)} lies in ${place(table, at)}, which belongs to the kernel: nobody can write there, not even by force. ${untouched}`,
      );
    }
    if (!force && ((table.access[index] as number) & Access.write) === 0) {
      return new MemoryError(
        'Protected',
        `${printAddress(at)} lies in ${place(table, at)}, which the program itself may not write. ${untouched} “Write anyway” goes through /proc/<pid>/mem, which passes over the protection.`,
      );
    }
    page = table.ends[index] as number;
  }
  return undefined;
}

/** `libc.so.6 (r-xp)`. */
function place(table: RegionTable, address: Address): string {
  const index = findRegion(table, pageOf(address));
  if (index < 0) return 'not mapped';
  const name =
    baseName(regionName(table, index)) ||
    `the ${regionKind(table, index)} region at ${printAddress(addressOfPage(table.starts[index] as number))}`;
  return `${name} (${printAccess(table.access[index] as number)})`;
}

function conflictOf(range: Range, before: Uint8Array, expect: Uint8Array): MemoryError | undefined {
  if (expect.length !== before.length)
    throw new MemoryError(
      'Invalid',
      `Expected bytes must be as many as the written ones: ${expect.length} are not ${before.length}.`,
    );
  const at = before.findIndex((byte, i) => byte !== expect[i]);
  if (at < 0) return undefined;
  const hex = (byte: number | undefined): string => (byte ?? 0).toString(16).padStart(2, '0');
  return new MemoryError(
    'Conflict',
    `The program has changed the bytes since: at ${printAddress(range.start + BigInt(at))} there is ${hex(before[at])} now, not ${hex(expect[at])}. ${untouched} Look at what is there, then write again.`,
  );
}

function shortWrite(
  target: WriteAccess,
  { range, before, landed }: Work,
  errno: number | undefined,
  force: boolean,
): Error {
  if (errno !== undefined && errno !== Errno.EIO && errno !== Errno.EFAULT && errno !== Errno.EACCES)
    return target.refusal(errno);
  const at = range.start + BigInt(landed);
  const many = landed === 0 ? untouched : `${landed} of ${range.length} bytes landed, and can be undone.`;
  const why =
    errno === Errno.EACCES
      ? 'The system let /proc/<pid>/mem be opened for reading only, and “write anyway” needs it for writing.'
      : force
        ? `The kernel refused at ${printAddress(at)} (${place(target.table(), at)}) even by force, as it does for shared mappings of read-only files and where proc_mem.force_override forbids it.`
        : `The program unmapped or protected ${printAddress(at)} while it was being written. Look at the region again.`;
  return new MemoryError('Protected', `${why} ${many}`, {
    landed,
    before: before.slice(0, landed),
    ...(errno !== undefined && { errno }),
  });
}
