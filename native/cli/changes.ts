import type { Frame } from '../../common/frame.ts';
import { addressOfPage, pageBytes, PageState, pageStateFrom } from '../../common/page.ts';
import type { Range } from '../../common/range.ts';
import { unreadableByte } from './hexdump.ts';
import { addHole, type Hole } from './holes.ts';

/** A run of bytes that are others than they were; `unreadableByte` for those that cannot be read. */
export interface Change {
  /** From the start of the range on. */
  readonly offset: number;
  readonly before: Int16Array;
  readonly after: Int16Array;
}

/** What is known of a watched range: frame by frame. */
export interface Watched {
  /** The bytes as they were last, `unreadableByte` for those that cannot be read. */
  readonly bytes: Int16Array;
  /** Takes a frame over; what it changed, ascending. */
  apply(frame: Frame): Change[];
  holes(): Hole[];
}

export function createWatched(range: Range): Watched {
  const bytes = new Int16Array(range.length).fill(unreadableByte);
  const states = new Map<number, PageState>();

  /** The part of a page that lies in the range, as offsets in the range. */
  function partOf(page: number): { from: number; to: number; pageAt: number } {
    const pageAt = Number(addressOfPage(page) - range.start);
    return { from: Math.max(0, pageAt), to: Math.min(range.length, pageAt + pageBytes), pageAt };
  }

  return {
    bytes,
    apply(frame) {
      const changes: Change[] = [];
      let packed = 0;
      frame.pages.forEach((page, i) => {
        const { from, to, pageAt } = partOf(page);
        const state = pageStateFrom(frame.states[i]);
        states.set(page, state);
        const after = new Int16Array(to - from).fill(unreadableByte);
        if (state === PageState.readable) {
          after.set(frame.bytes.subarray(packed + from - pageAt, packed + to - pageAt));
          packed += pageBytes;
        }
        changes.push(...differences(bytes, from, after));
        bytes.set(after, from);
      });
      return changes;
    },
    holes() {
      const holes: Hole[] = [];
      for (const [page, state] of [...states].sort(([a], [b]) => a - b)) {
        const { from, to } = partOf(page);
        if (state !== PageState.readable)
          addHole(holes, { start: range.start + BigInt(from), length: to - from }, state);
      }
      return holes;
    },
  };
}

/** The runs in which `after` differs from what stands at `from`. */
function differences(bytes: Int16Array, from: number, after: Int16Array): Change[] {
  const found: Change[] = [];
  for (let i = 0; i < after.length; i++) {
    if (after[i] === bytes[from + i]) continue;
    const begin = i;
    while (i < after.length && after[i] !== bytes[from + i]) i++;
    found.push({ offset: from + begin, before: bytes.slice(from + begin, from + i), after: after.slice(begin, i) });
  }
  return found;
}
