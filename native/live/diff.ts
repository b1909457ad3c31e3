import { pageBytes, PageState } from '../../common/page.ts';

/** One reading of the pages of a plan. Bytes of pages that are not readable mean nothing. */
export interface Reading {
  readonly bytes: Buffer;
  readonly states: Uint8Array;
}

/**
 * Sets `changed[i]` to 1 for each page whose state differs between two readings of the same pages, or which is readable in
 * both with other bytes, and to 0 for the rest. Gives how many changed.
 */
export function diff(previous: Reading, current: Reading, changed: Uint8Array): number {
  const { states } = current;
  const pages = states.length;
  changed.fill(0);
  // Almost always nothing has changed, and one comparison of everything is the fastest way to say so.
  if (previous.bytes.equals(current.bytes) && Buffer.compare(previous.states, states) === 0) return 0;
  let count = 0;
  for (let i = 0; i < pages; i++) {
    const at = i * pageBytes;
    if (
      states[i] !== previous.states[i] ||
      (states[i] === PageState.readable &&
        previous.bytes.compare(current.bytes, at, at + pageBytes, at, at + pageBytes) !== 0)
    ) {
      changed[i] = 1;
      count++;
    }
  }
  return count;
}
