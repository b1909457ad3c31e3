import { MemoryError } from '../common/error.ts';
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
