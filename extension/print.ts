import { printSize } from '../common/size.ts';
import { printAddress } from '../common/address.ts';
import type { Range, RangeText } from '../common/range.ts';
import { listedRangesMax } from '../common/limits.ts';

/** `48 65 6c`; what is longer than `bytesMax` ends in `… 4096 bytes`. */
export function printBytes(bytes: Uint8Array, bytesMax = Infinity): string {
  const shown = Array.from(bytes.subarray(0, bytesMax), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > bytesMax ? `${shown} … ${bytes.length} bytes` : shown;
}

/** `0x7f… (8 bytes)`. */
export function printRangeForPeople(range: Range | RangeText): string {
  const start = typeof range.start === 'bigint' ? printAddress(range.start) : range.start;
  return `${start} (${printSize(range.length)})`;
}

/** The first few of a list and "and n more". */
export function listed(items: readonly string[], itemsMax = listedRangesMax): string {
  const more = items.length - itemsMax;
  return more > 0 ? `${items.slice(0, itemsMax).join(', ')} and ${more} more` : items.join(', ');
}
