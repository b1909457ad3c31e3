import type { Address } from '../common/address.ts';
import { addressOfPage, offsetInPage, pageOf } from '../common/page.ts';
import type { Range } from '../common/range.ts';
import { findRegion } from '../common/region.ts';
import { bytesRow, rowAt, rowOf, type Layout, type Place } from './layout.ts';

/** `anchor` is where the selection began, `caret` where it ends; both bytes belong to it. */
export interface SelectionState {
  readonly anchor: Address;
  readonly caret: Address;
  /** The column that typing goes to. */
  readonly column: 'bytes' | 'text';
}

export type Motion =
  | 'left'
  | 'right'
  | 'up'
  | 'down'
  | 'pageUp'
  | 'pageDown'
  | 'rowStart'
  | 'rowEnd'
  | 'regionStart'
  | 'regionEnd'
  | 'first'
  | 'last';

export function placeOf(address: Address): Place {
  return { page: pageOf(address), offset: offsetInPage(address) };
}

export function addressOf(place: Place): Address {
  return addressOfPage(place.page) + BigInt(place.offset);
}

export function selectedRange(selection: SelectionState): Range {
  const { anchor, caret } = selection;
  const start = anchor < caret ? anchor : caret;
  const last = anchor < caret ? caret : anchor;
  return { start, length: Number(last - start) + 1 };
}

/** Where a motion takes the caret. It goes from mapped byte to mapped byte: gaps and headings are stepped over. */
export function moveCaret(layout: Layout, caret: Address, motion: Motion, rowsPerPage: number): Address {
  const count = layout.table.starts.length;
  if (count === 0) return caret;
  const place = placeOf(caret);
  const column = place.offset % layout.bytesPerRow;
  const row = rowOf(layout, place);
  switch (motion) {
    case 'left':
      return step(layout, caret, -1);
    case 'right':
      return step(layout, caret, 1);
    case 'up':
      return inRow(layout, bytesRow(layout, row - 1, -1), column) ?? caret;
    case 'down':
      return inRow(layout, bytesRow(layout, row + 1, 1), column) ?? caret;
    case 'pageUp': {
      const target = Math.max(0, row - rowsPerPage);
      return inRow(layout, bytesRow(layout, target, -1) ?? bytesRow(layout, target, 1), column) ?? caret;
    }
    case 'pageDown': {
      const target = Math.min(layout.rowCount - 1, row + rowsPerPage);
      return inRow(layout, bytesRow(layout, target, 1) ?? bytesRow(layout, target, -1), column) ?? caret;
    }
    case 'rowStart':
      return caret - BigInt(column);
    case 'rowEnd':
      return caret + BigInt(layout.bytesPerRow - 1 - column);
    case 'regionStart':
    case 'regionEnd': {
      const region = findRegion(layout.table, place.page);
      if (region < 0) return caret;
      return motion === 'regionStart' ? startOfRegion(layout, region) : lastOfRegion(layout, region);
    }
    case 'first':
      return startOfRegion(layout, 0);
    case 'last':
      return lastOfRegion(layout, count - 1);
  }
}

export function startOfRegion(layout: Layout, region: number): Address {
  return addressOfPage(layout.table.starts[region] as number);
}

export function lastOfRegion(layout: Layout, region: number): Address {
  return addressOfPage(layout.table.ends[region] as number) - 1n;
}

function inRow(layout: Layout, index: number | undefined, column: number): Address | undefined {
  const row = index === undefined ? undefined : rowAt(layout, index);
  return row?.kind === 'bytes' ? addressOf({ page: row.page, offset: row.offset + column }) : undefined;
}

function step(layout: Layout, caret: Address, direction: 1 | -1): Address {
  const next = caret + BigInt(direction);
  if (next < 0n || next >= 2n ** 64n) return caret;
  const found = findRegion(layout.table, pageOf(next));
  if (found >= 0) return next;
  const after = -1 - found;
  if (direction > 0) return after < layout.table.starts.length ? startOfRegion(layout, after) : caret;
  return after > 0 ? lastOfRegion(layout, after - 1) : caret;
}
