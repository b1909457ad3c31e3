import { MemoryError } from '../common/error.ts';
import { regionLookCostFactor, regionLookMsMin, streamPieceBytes } from '../common/limits.ts';
import { addressOfPage, offsetInPage, pageBytes, pageOf, PageState, type PageNumber } from '../common/page.ts';
import { endOf, type Range } from '../common/range.ts';
import { Access, findRegion, type RegionTable } from '../common/region.ts';
import { PageBits, userPages, type PageMap } from './linux/pagemap.ts';
import { createBuffer } from './buffer.ts';
import { unreadableRanges, unreadableState } from './pages.ts';
import type { ReadOptions } from './source.ts';

export interface StreamOptions extends ReadOptions {
  /** Ends the stream with Cancelled. */
  readonly signal?: AbortSignal;
}

/** A part of a streamed range. Parts come in order, meet, and cover all of it. */
export interface Piece {
  readonly range: Range;
  /** `readable`, or why there are no bytes. */
  readonly state: PageState;
  /** As long as the range, or empty where it could not be read. Valid until the next piece is asked for. */
  readonly bytes: Uint8Array;
}

/** What a stream reads from. */
export interface StreamSource {
  /** Looks at the regions. Throws Gone. */
  look(): RegionTable;
  /** For what is not read, and so not proven to be the process's. Throws Gone. */
  assertAlive(): void;
  readonly pageMap?: PageMap;
  /** Why a page that is not in memory is not. */
  missing(page: PageNumber): PageState;
  /** Fills `bytes`; a `PageState` for each page that the range touches. Throws MemoryError. */
  read(range: Range, bytes: Uint8Array): Uint8Array;
}

const none = new Uint8Array(0);

/** The pieces of a range. What the regions and the page map say is not there costs one step, not one for each page. */
export async function* streamRange(
  source: StreamSource,
  range: Range,
  options: StreamOptions,
): AsyncGenerator<Piece, void, undefined> {
  const buffer = createBuffer(streamPieceBytes);
  let { table, freshUntilMs } = lookAt(source);
  const end = endOf(range);
  for (let at = range.start; at < end;) {
    if (options.signal?.aborted === true)
      throw new MemoryError('Cancelled', 'The reading was cancelled before it was complete.');
    const last = pageOf(end - 1n) + 1;
    let stretch = stretchAt(source, table, pageOf(at), last, options);
    // Whoever takes the pieces may take them slowly: what is left out is left out for what the regions are by now.
    if (stretch.state !== PageState.readable && performance.now() >= freshUntilMs) {
      ({ table, freshUntilMs } = lookAt(source));
      stretch = stretchAt(source, table, pageOf(at), last, options);
    }
    const stretchEnd = min(end, addressOfPage(stretch.end));
    if (stretch.state !== PageState.readable) {
      source.assertAlive();
      yield { range: { start: at, length: Number(stretchEnd - at) }, state: stretch.state, bytes: none };
      at = stretchEnd;
    } else {
      // Pieces end where pages do, so that no page is asked for twice.
      const length = Math.min(streamPieceBytes - offsetInPage(at), Number(stretchEnd - at));
      const part = { start: at, length };
      const bytes = length === buffer.length ? buffer : buffer.subarray(0, length);
      const holes = unreadableRanges(part, source.read(part, bytes));
      let from = 0;
      for (const hole of holes) {
        const until = Number(hole.range.start - at);
        if (until > from) yield readablePart(part, bytes, from, until);
        yield { range: hole.range, state: hole.state, bytes: none };
        from = until + hole.range.length;
      }
      if (from < length) yield readablePart(part, bytes, from, length);
      at += BigInt(length);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The regions, and when a look at them is worth its time again: in a quarter of a second, or sooner where it takes little. */
function lookAt(source: StreamSource): { readonly table: RegionTable; readonly freshUntilMs: number } {
  const begunMs = performance.now();
  const table = source.look();
  const nowMs = performance.now();
  return { table, freshUntilMs: nowMs + Math.min(regionLookMsMin, (nowMs - begunMs) * regionLookCostFactor) };
}

function readablePart(part: Range, bytes: Uint8Array, from: number, to: number): Piece {
  return {
    range: { start: part.start + BigInt(from), length: to - from },
    state: PageState.readable,
    bytes: bytes.subarray(from, to),
  };
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Pages from `page` on that are alike, up to `end`: worth reading, or not there for the same reason. */
function stretchAt(
  source: StreamSource,
  table: RegionTable,
  page: PageNumber,
  end: PageNumber,
  options: ReadOptions,
): { readonly state: PageState; readonly end: PageNumber } {
  const index = findRegion(table, page);
  const regionEnd = Math.min(end, index >= 0 ? (table.ends[index] as number) : (table.starts[-1 - index] ?? end));
  if (index < 0) return { state: PageState.unmapped, end: regionEnd };
  if (((table.access[index] as number) & Access.read) === 0 && options.force !== true)
    return { state: unreadableState(table, page), end: regionEnd };
  if (options.faultIn === true || source.pageMap === undefined || page >= userPages)
    return { state: PageState.readable, end: regionEnd };
  return presentStretch(source, source.pageMap, page, regionEnd);
}

/** The pages from `page` on that are in memory, or the ones that are not. */
function presentStretch(
  source: StreamSource,
  map: PageMap,
  page: PageNumber,
  end: PageNumber,
): { readonly state: PageState; readonly end: PageNumber } {
  const any = PageBits.present | PageBits.swapped | PageBits.guard;
  // A look ahead of one piece is enough to read it; nothing at all is looked over to the end.
  const ahead = Math.min(end, page + streamPieceBytes / pageBytes);
  for (let from = page, to = ahead; from < end; to = end) {
    const found = map.step(from, to, any, any);
    if (found < 0) return { state: PageState.readable, end: ahead };
    if (found > 0) {
      const start = map.starts[0] as number;
      const runEnd = Math.min(end, map.ends[0] as number);
      if (start > page) return absent(source, page, Math.min(start, end));
      return { state: stateOf(map.bits[0] as number), end: runEnd };
    }
    from = map.walkedTo;
  }
  return absent(source, page, end);
}

function stateOf(bits: number): PageState {
  if (bits & PageBits.present) return PageState.readable;
  return bits & PageBits.guard ? PageState.special : PageState.swapped;
}

/** Pages without anything in them; those beyond a file's end are told apart from those before it. */
function absent(
  source: StreamSource,
  page: PageNumber,
  end: PageNumber,
): { readonly state: PageState; readonly end: PageNumber } {
  const state = source.missing(page);
  if (state === source.missing(end - 1)) return { state, end };
  let low = page;
  let high = end - 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (source.missing(middle) === state) low = middle;
    else high = middle;
  }
  return { state, end: high };
}
