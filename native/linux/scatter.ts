import { askedBytesMax, iovecsMax } from '../../common/limits.ts';
import { offsetInPage, pageBytes, pageOf, PageState, type PageNumber } from '../../common/page.ts';
import type { Range } from '../../common/range.ts';
import { Errno } from './errno.ts';
import { localAddress } from './libc.ts';
import { addIovec, createVectors, type VectorCall, type Vectors } from './vector.ts';

/** A range of the target and as many bytes of ours. */
export interface Part {
  readonly range: Range;
  readonly bytes: Uint8Array;
}

/**
 * Parts cut where pages end, because the kernel moves a page's piece wholly or not at all. Piece i lies on `pages[i]`, from
 * `heads[i]`, for `lengths[i]` bytes, and belongs to `parts[i]`.
 */
export interface Pieces {
  readonly pages: Float64Array;
  /** As in a plan: `readable` and `unread` are tried. */
  readonly states: Uint8Array;
  readonly heads: Uint16Array;
  readonly lengths: Uint16Array;
  readonly parts: Int32Array;
}

export function piecesOf(parts: readonly { readonly range: Range }[]): Pieces {
  let count = 0;
  for (const { range } of parts) if (range.length > 0) count += pagesIn(range);
  const pieces = {
    pages: new Float64Array(count),
    states: new Uint8Array(count).fill(PageState.unread),
    heads: new Uint16Array(count),
    lengths: new Uint16Array(count),
    parts: new Int32Array(count),
  };
  let i = 0;
  parts.forEach(({ range }, part) => {
    let page = pageOf(range.start);
    let head = offsetInPage(range.start);
    for (let left = range.length; left > 0; i++) {
      const length = Math.min(pageBytes - head, left);
      pieces.pages[i] = page++;
      pieces.heads[i] = head;
      pieces.lengths[i] = length;
      pieces.parts[i] = part;
      left -= length;
      head = 0;
    }
  });
  return pieces;
}

function pagesIn(range: Range): number {
  return Math.floor((offsetInPage(range.start) + range.length - 1) / pageBytes) + 1;
}

/** Bytes that a call moves before all others: where it cannot move those, it moves nothing. */
export interface Guard {
  /** In the target. */
  readonly address: number;
  /** Where they are in our own memory. */
  readonly localAt: number;
}

export const guardBytes = 8;

/** What becomes of a piece that did not move: its state, and the next piece is tried; or the rest of its part is left out. */
export type OnPiece = ((page: PageNumber) => PageState) | 'nextPart';

/**
 * Moves the pieces that are to be tried, as many in a call as the kernel takes. `landed[p]` becomes the bytes of part p that
 * moved. Gives 0, or -errno for what is not about a page; what had landed until then is counted. Where the guard that each
 * call takes along does not move, nothing of that call has: -ESRCH.
 */
export function moveParts(
  call: VectorCall,
  parts: readonly Part[],
  pieces: Pieces,
  landed: Float64Array,
  onPiece: OnPiece,
  guard?: Guard,
): number {
  const vectors = createVectors();
  const bases = parts.map(({ bytes }) => localAddress(bytes));
  const { states, lengths, parts: partOf } = pieces;
  const count = states.length;
  for (let from = 0; from < count;) {
    const { to, bytes } = fill(vectors, bases, pieces, from, guard);
    if (bytes === 0) break;
    const moved = call(vectors);
    if (moved < 0 && moved !== -Errno.EFAULT) return moved;
    if (guard !== undefined && moved < guardBytes) return -Errno.ESRCH;
    let left = Math.max(guard === undefined ? moved : moved - guardBytes, 0);
    let at = from;
    for (; at < to; at++) {
      if (!isTried(states[at] as number)) continue;
      const length = lengths[at] as number;
      if (left < length) break;
      left -= length;
      states[at] = PageState.readable;
      landed[partOf[at] as number] = (landed[partOf[at] as number] as number) + length;
    }
    from = at;
    if (at === to) continue;
    if (onPiece === 'nextPart') {
      for (const part = partOf[at]; from < count && partOf[from] === part; from++) states[from] = PageState.unmapped;
    } else {
      states[at] = onPiece(pieces.pages[at] as number);
      from = at + 1;
    }
  }
  return 0;
}

function isTried(state: number): boolean {
  return state <= PageState.unread;
}

/** The vectors of the next call: neighbours on both sides share one. */
function fill(
  vectors: Vectors,
  bases: readonly number[],
  pieces: Pieces,
  from: number,
  guard: Guard | undefined,
): { to: number; bytes: number } {
  const { pages, states, heads, lengths, parts } = pieces;
  vectors.locals = 0;
  vectors.remotes = 0;
  if (guard !== undefined) {
    const { address, localAt } = guard;
    addIovec(vectors, false, localAt, Math.floor(address / pageBytes), address % pageBytes, guardBytes);
  }
  let bytes = 0;
  let part = -1;
  let offset = 0;
  // Where in its part the first piece is: a call may begin in the middle of one.
  for (let i = from - 1; i >= 0 && parts[i] === parts[from]; i--) offset += lengths[i] as number;
  let lastPage = -2;
  let to = from;
  for (; to < states.length; to++) {
    if (parts[to] !== part) {
      if (to > from) offset = 0;
      part = parts[to] as number;
      lastPage = -2;
    }
    const length = lengths[to] as number;
    const at = offset;
    if (!isTried(states[to] as number)) {
      offset += length;
      lastPage = -2;
      continue;
    }
    const page = pages[to] as number;
    const again = lastPage === page - 1;
    if (bytes + length > askedBytesMax - guardBytes || (!again && vectors.remotes === iovecsMax)) break;
    offset += length;
    addIovec(vectors, again, (bases[part] as number) + at, page, heads[to] as number, length);
    lastPage = page;
    bytes += length;
  }
  return { to, bytes };
}
