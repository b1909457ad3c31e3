import { MemoryError } from '../common/error.ts';
import { addressMax, type Address } from '../common/address.ts';
import { isPage, type PageNumber } from '../common/page.ts';
import { isValidRange, type Range } from '../common/range.ts';

/** Throws Invalid for a range that is none, or that has another length than its buffer. */
export function assertRange(range: Range, length: number): void {
  if (!isValidRange(range))
    throw new MemoryError(
      'Invalid',
      'That range is not within the 64-bit address space. Addresses go from 0 to 2^64 - 1.',
    );
  if (range.length !== length)
    throw new MemoryError(
      'Invalid',
      `The range has ${range.length} bytes and the buffer ${length}. Give a buffer of the same length.`,
    );
}

/** Throws Invalid for what is no page of the 64-bit address space. */
export function assertPage(page: PageNumber): void {
  if (isPage(page)) return;
  throw new MemoryError('Invalid', `${page} is not a page. Those are whole numbers from 0 to 2^52 - 1.`);
}

/** Throws Invalid for what is no address of the 64-bit address space. */
export function assertAddress(address: Address): void {
  if (address >= 0n && address <= addressMax) return;
  throw new MemoryError('Invalid', `${address} is not an address. Those go from 0 to 2^64 - 1.`);
}
