import { pageBytes, PageState, pageOf, addressOfPage, offsetInPage, type PageNumber } from '../common/page.ts';
import { endOf, type Range } from '../common/range.ts';
import {
  Access,
  accessBits,
  findRegion,
  regionKind,
  regionName,
  type Region,
  type RegionKind,
  type RegionTable,
} from '../common/region.ts';
import type { Span } from './linux/vector.ts';

/** Why a page that the kernel would not copy cannot be read, going by its region. */
export function unreadableState(table: RegionTable, page: PageNumber): PageState {
  const index = findRegion(table, page);
  if (index < 0) return PageState.unmapped;
  return refusedState(table.access[index] as number, regionKind(table, index), regionName(table, index));
}

/** Why a page of a region with this access, kind and name cannot be read. */
function refusedState(access: number, kind: RegionKind, name: string): PageState {
  if (kind === 'vdso') return PageState.special;
  if ((access & (Access.read | Access.write | Access.execute)) === 0) return PageState.noAccess;
  if ((access & Access.read) === 0) return PageState.noRead;
  const isDevice = name.startsWith('/dev/') && !name.startsWith('/dev/shm/') && !name.startsWith('/dev/zero');
  return name.startsWith('/') && !isDevice ? PageState.beyondFile : PageState.special;
}

/** `refusedState` of a page of a region. */
export function refusedIn(region: Region): PageState {
  return refusedState(accessBits(region.access), region.kind, region.name);
}

/** The pages that a range touches, ascending. */
export function pagesOf(range: Range): Float64Array {
  if (range.length === 0) return new Float64Array(0);
  const first = pageOf(range.start);
  const pages = new Float64Array(pageOf(endOf(range) - 1n) - first + 1);
  for (let i = 0; i < pages.length; i++) pages[i] = first + i;
  return pages;
}

/** A range and its bytes as a span of pages, nothing tried yet. */
export function spanOf(range: Range, bytes: Uint8Array): Span {
  const pages = pagesOf(range);
  const states = new Uint8Array(pages.length).fill(PageState.unread);
  return { pages, states, bytes, head: range.length === 0 ? 0 : offsetInPage(range.start) };
}

/** The part of a range that lies on page i of its pages. */
export function partOnPage(range: Range, i: number): Range {
  const from = i === 0 ? range.start : addressOfPage(pageOf(range.start) + i);
  const to = addressOfPage(pageOf(range.start) + i) + BigInt(pageBytes);
  const end = endOf(range) < to ? endOf(range) : to;
  return { start: from, length: Number(end - from) };
}

/** The unreadable parts of a range, neighbours with the same reason as one. */
export function unreadableRanges(range: Range, states: Uint8Array): { range: Range; state: PageState }[] {
  const found: { range: Range; state: PageState }[] = [];
  let open: { start: bigint; length: number; state: PageState } | undefined;
  states.forEach((state, i) => {
    if (state === PageState.readable) {
      open = undefined;
      return;
    }
    const part = partOnPage(range, i);
    if (open?.state === state) {
      open.length += part.length;
      found[found.length - 1] = { range: { start: open.start, length: open.length }, state: open.state };
    } else {
      open = { ...part, state: state as PageState };
      found.push({ range: part, state: open.state });
    }
  });
  return found;
}
