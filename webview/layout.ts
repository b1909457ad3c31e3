import { pagesPerViewMax } from '../common/limits.ts';
import type { PageNumber } from '../common/page.ts';
import { findRegion, type RegionTable } from '../common/region.ts';

/**
 * Which row shows what. Rows stand over mapped memory only: each region has a heading row and its rows of bytes, and
 * the space between two regions that do not touch takes one row, however large it is.
 *
 *     gap?  heading  bytes bytes bytes …   gap?  heading  bytes …
 *           └ firstRow of the region
 *
 * A row index is a plain number: 2^64 bytes at 8 a row are 2^61 rows, but no kernel maps more than 2^57 bytes
 * to a process, and of those 2^53 rows would be 64 PiB.
 */
export interface Layout {
  readonly table: RegionTable;
  readonly bytesPerRow: number;
  readonly rowCount: number;
  /** The heading row of each region. */
  readonly headings: Float64Array;
}

/** A position: `offset` bytes into a page. Exact where a number of bytes from zero is not. */
export interface Place {
  readonly page: PageNumber;
  readonly offset: number;
}

export type Row =
  | { readonly kind: 'bytes'; readonly region: number; readonly page: PageNumber; readonly offset: number }
  | { readonly kind: 'heading'; readonly region: number }
  /** Unmapped pages before `region`. */
  | { readonly kind: 'gap'; readonly region: number; readonly pages: number };

export function createLayout(table: RegionTable, bytesPerRow: number): Layout {
  const count = table.starts.length;
  const headings = new Float64Array(count);
  const rowsPerPage = 4096 / bytesPerRow;
  let row = 0;
  let end = -1;
  for (let i = 0; i < count; i++) {
    const start = table.starts[i] as number;
    if (i > 0 && start !== end) row++;
    headings[i] = row;
    end = table.ends[i] as number;
    row += 1 + (end - start) * rowsPerPage;
  }
  return { table, bytesPerRow, rowCount: row, headings };
}

/** The last region whose heading row is at or before `row`. */
function regionAt(layout: Layout, row: number): number {
  let low = 0;
  let high = layout.headings.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((layout.headings[middle] as number) <= row) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What row `index` shows; `undefined` past either end. */
export function rowAt(layout: Layout, index: number): Row | undefined {
  if (index < 0 || index >= layout.rowCount) return undefined;
  const region = regionAt(layout, index);
  const start = layout.table.starts[region] as number;
  const end = layout.table.ends[region] as number;
  const inside = index - (layout.headings[region] as number);
  if (inside === 0) return { kind: 'heading', region };
  const rowsPerPage = 4096 / layout.bytesPerRow;
  if (inside > (end - start) * rowsPerPage) {
    return { kind: 'gap', region: region + 1, pages: (layout.table.starts[region + 1] as number) - end };
  }
  const row = inside - 1;
  const page = start + Math.floor(row / rowsPerPage);
  return { kind: 'bytes', region, page, offset: (row % rowsPerPage) * layout.bytesPerRow };
}

/** The row that shows a place; where nothing is mapped, the gap row, or the nearest row at either end. */
export function rowOf(layout: Layout, place: Place): number {
  if (layout.rowCount === 0) return 0;
  const found = findRegion(layout.table, place.page);
  if (found >= 0) {
    const rowsPerPage = 4096 / layout.bytesPerRow;
    const pages = place.page - (layout.table.starts[found] as number);
    return (layout.headings[found] as number) + 1 + pages * rowsPerPage + Math.floor(place.offset / layout.bytesPerRow);
  }
  const after = -1 - found;
  if (after >= layout.headings.length) return layout.rowCount - 1;
  return Math.max(0, (layout.headings[after] as number) - 1);
}

/** The first row of bytes at or after `index` going in `direction`; `undefined` where there is none. */
export function bytesRow(layout: Layout, index: number, direction: 1 | -1): number | undefined {
  // A gap and a heading at most stand between two rows of bytes.
  for (let i = index, left = 4; left > 0; i += direction, left--) {
    const row = rowAt(layout, i);
    if (row === undefined) return undefined;
    if (row.kind === 'bytes') return i;
  }
  return undefined;
}

/** The region that row `index` belongs to, for the heading that sticks to the top. */
export function regionOfRow(layout: Layout, index: number): number | undefined {
  const row = rowAt(layout, index);
  return row === undefined ? undefined : row.kind === 'gap' ? row.region - 1 : row.region;
}

/** Rows of a region, its heading among them. */
export function rowsOfRegion(layout: Layout, region: number): number {
  const pages = (layout.table.ends[region] ?? 0) - (layout.table.starts[region] ?? 0);
  return 1 + (pages * 4096) / layout.bytesPerRow;
}

/**
 * The pages of the `screen` rows from `top` on, and of half a screen on either side, so that scrolling finds them read.
 * Ascending; what can be seen goes first where there are more than a view may watch.
 */
export function pagesToWatch(layout: Layout, top: number, screen: number): PageNumber[] {
  const margin = Math.ceil(screen / 2);
  const pages = new Set<PageNumber>();
  const add = (from: number, to: number): void => {
    for (let i = from; i < to && pages.size < pagesPerViewMax; i++) {
      const row = rowAt(layout, i);
      if (row?.kind === 'bytes') pages.add(row.page);
    }
  };
  add(top, top + screen);
  add(top + screen, top + screen + margin);
  add(top - margin, top);
  return [...pages].sort((a, b) => a - b);
}
