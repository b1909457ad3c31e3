import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { addressOfPage, pageOf } from '../common/page.ts';
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
import { Errno } from './linux/errno.ts';
import type { WriteOptions, Written } from './source.ts';

/** What a write needs of a process. Counts are bytes that moved, or -errno. */
export interface WriteAccess {
  /** The regions as they are now. */
  table(): RegionTable;
  isAlive(): boolean;
  gone(): MemoryError;
  /** Through the descriptor, so that 0 means that the address space is gone. */
  readThrough(address: Address, bytes: Uint8Array): number;
  writeThrough(address: Address, bytes: Uint8Array): number;
  /** process_vm_writev, ending at the first page that refuses. */
  writeVector(range: Range, bytes: Uint8Array): number;
  refusal(errno: number): Error;
}

const untouched = 'Nothing was written.';

/**
 * Writes a range: refuse what cannot be written whole → read what is there, which proves whose memory it is → refuse a
 * conflict → write → prove it again → read back. Throws MemoryError; nothing has landed unless `landed` says so.
 *
 * process_vm_writev knows only a number, so a program that calls exec in the microseconds between the proof and the call
 * could be written to by mistake; the second proof tells when that may have been.
 */
export function writeMemory(target: WriteAccess, range: Range, bytes: Uint8Array, options: WriteOptions): Written {
  const force = options.force === true;
  const refused = whyNotWritable(target.table(), range, force);
  if (refused !== undefined) throw refused;

  // A copy of our own: the caller's may change under the call, and may lie on V8's heap, which moves.
  const own = ownBytes(range.length);
  own.set(bytes);
  const before = ownBytes(range.length);
  readAll(target, range, before);
  if (options.expect !== undefined) assertExpected(range, before, options.expect);

  const moved = force ? target.writeThrough(range.start, own) : target.writeVector(range, own);
  if (!target.isAlive()) {
    const gone = target.gone();
    throw new MemoryError('Gone', `While the bytes were being written: ${gone.message} They are lost with it.`);
  }
  if (moved < range.length)
    throw shortWrite(target, range, before, Math.max(moved, 0), moved < 0 ? -moved : undefined, force);

  const after = ownBytes(range.length);
  readAll(target, range, after);
  return { before, held: Buffer.compare(after, own) === 0 };
}

function ownBytes(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(length));
}

function readAll(target: WriteAccess, range: Range, bytes: Uint8Array): void {
  const count = target.readThrough(range.start, bytes);
  if (count === bytes.length) return;
  if (count === 0 || !target.isAlive()) throw target.gone();
  const at = range.start + BigInt(Math.max(count, 0));
  throw new MemoryError(
    'Protected',
    `What stands at ${printAddress(at)} cannot be read (${place(target.table(), at)}), so it could not be undone. ${untouched}`,
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

function assertExpected(range: Range, before: Uint8Array, expect: Uint8Array): void {
  if (expect.length !== before.length)
    throw new MemoryError(
      'Invalid',
      `Expected bytes must be as many as the written ones: ${expect.length} are not ${before.length}.`,
    );
  const at = before.findIndex((byte, i) => byte !== expect[i]);
  if (at < 0) return;
  const hex = (byte: number | undefined): string => (byte ?? 0).toString(16).padStart(2, '0');
  throw new MemoryError(
    'Conflict',
    `The program has changed the bytes since: at ${printAddress(range.start + BigInt(at))} there is ${hex(before[at])} now, not ${hex(expect[at])}. ${untouched} Look at what is there, then write again.`,
  );
}

function shortWrite(
  target: WriteAccess,
  range: Range,
  before: Uint8Array,
  landed: number,
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
