import { addressFrom, addressMax, printAddress, type Address, type AddressText } from './address.ts';

/** `length` bytes from `start`. Two bare numbers never travel together. */
export interface Range {
  readonly start: Address;
  readonly length: number;
}

/** A range as messages carry it (a webview's messages cannot hold a bigint). */
export interface RangeText {
  readonly start: AddressText;
  readonly length: number;
}

export function rangeFrom(text: RangeText): Range {
  return { start: addressFrom(text.start), length: text.length };
}

export function printRange(range: Range): RangeText {
  return { start: printAddress(range.start), length: range.length };
}

/** The address after the last byte. */
export function endOf(range: Range): Address {
  return range.start + BigInt(range.length);
}

/** Whether a range is a whole, non-negative number of bytes inside the 64-bit address space. */
export function isValidRange(range: Range): boolean {
  const { start, length } = range;
  // Most are in the lower half, where no length leads out of it: a bigint less for each read.
  return (
    Number.isSafeInteger(length) && length >= 0 && start >= 0n && (start < half || endOf(range) <= addressMax + 1n)
  );
}

const half = 2n ** 63n;
