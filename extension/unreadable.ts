import type { Address } from '../common/address.ts';
import { addressOfPage, pageBytes, PageState, pageOf, pageStateFrom, printPageState } from '../common/page.ts';
import { endOf, type Range } from '../common/range.ts';

export interface UnreadableRange extends Range {
  readonly reason: string;
}

/** Joins unreadable pages that lie together and have the same reason. */
export function unreadableRanges(range: Range, states: Uint8Array): UnreadableRange[] {
  const first = pageOf(range.start);
  const found: { start: Address; length: number; reason: string; state: number }[] = [];
  states.forEach((byte, index) => {
    const state = pageStateFrom(byte);
    if (state === PageState.readable) return;
    const pageStart = addressOfPage(first + index);
    const start = pageStart < range.start ? range.start : pageStart;
    const pageEnd = pageStart + BigInt(pageBytes);
    const length = Number((pageEnd < endOf(range) ? pageEnd : endOf(range)) - start);
    const last = found.at(-1);
    if (last?.state === state && last.start + BigInt(last.length) === start) last.length += length;
    else found.push({ start, length, reason: printPageState(state), state });
  });
  return found.map(({ start, length, reason }) => ({ start, length, reason }));
}
