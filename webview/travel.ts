import { addressFrom, printAddress, type Address } from '../common/address.ts';
import { addressOfPage, pageOf } from '../common/page.ts';
import type { Selection } from '../common/protocol.ts';
import { findRegion, printLabel, regionKind, regionName, type RegionTable } from '../common/region.ts';
import type { Grid } from './grid.ts';
import type { HostChannel } from './port.ts';
import { selectedRange } from './selection.ts';
import type { Toolbar } from './toolbar.ts';
import { createTrail } from './trail.ts';

/** Going places: the address box, jumps, back and forward, pointers, and where a view begins. */
export interface Travel {
  /** Goes where an expression of the address box leads, or says why it leads nowhere. */
  go(text: string): Promise<void>;
  /** Shows an address and selects `length` bytes there; waits for the regions where they are not known yet. */
  jump(address: Address, length: number): void;
  back(): void;
  forward(): void;
  /** To where the pointer at the selection's start points. */
  follow(): Promise<void>;
  focusAddress(): void;
  leaveAddress(): void;
  /** The caret has moved: the address box says where to. */
  showAddress(): void;
  /** Where a view was before a reload; counts when the regions come, unless somebody has jumped by then. */
  restore(top: Address, selection: Selection | undefined): void;
  /** The regions are known, or have changed. */
  arrive(table: RegionTable): void;
  /** An address as labels have it, or in digits where nothing with a name is there. */
  place(address: Address): string;
}

export interface TravelOutcome {
  failed(error: unknown): void;
  /** A jump succeeded: what was said of an earlier one no longer counts. */
  arrived(): void;
}

export function createTravel(
  grid: Grid,
  toolbar: () => Toolbar,
  host: () => HostChannel,
  pin: () => { readonly expression: string | undefined; went(expression: string): void },
  outcome: TravelOutcome,
): Travel {
  const trail = createTrail();
  /** A jump to where no region is known yet; the next regions may have it. */
  let pending: { readonly address: Address; readonly length: number } | undefined;
  let restored: Address | undefined;

  function place(address: Address): string {
    return printLabel(grid.layout.table, address) ?? printAddress(address);
  }

  function showAddress(): void {
    const { selection } = grid;
    const { address } = toolbar();
    if (selection === undefined || address.hasFocus) return;
    const { expression } = pin();
    address.text = expression ?? place(selection.caret);
    if (expression === undefined) address.setInvalid(false);
  }

  function moveTo(address: Address, length: number): void {
    const last = address + BigInt(Math.max(1, length) - 1);
    grid.select({ anchor: last, caret: address, column: grid.selection?.column ?? 'bytes' }, 'jump');
    toolbar().setTrail(trail.canGoBack, trail.canGoForward);
  }

  function jump(address: Address, length: number): void {
    pending = findRegion(grid.layout.table, pageOf(address)) < 0 ? { address, length } : undefined;
    if (grid.layout.rowCount === 0) return;
    outcome.arrived();
    trail.jump(grid.selection?.caret, address);
    moveTo(address, length);
  }

  function travel(direction: 'back' | 'forward'): void {
    const from = grid.selection?.caret;
    const to = from === undefined ? undefined : trail[direction](from);
    if (to !== undefined) moveTo(to, 1);
    grid.focus();
  }

  return {
    async go(text) {
      try {
        const { address } = await host().call('resolve', { expression: text });
        grid.focus();
        pin().went(text);
        jump(addressFrom(address), 1);
        showAddress();
      } catch (error) {
        toolbar().address.setInvalid(true);
        outcome.failed(error);
      }
    },
    jump,
    back: () => travel('back'),
    forward: () => travel('forward'),
    async follow() {
      if (grid.selection === undefined) return;
      try {
        const from = printAddress(selectedRange(grid.selection).start);
        const { address } = await host().call('resolve', { expression: `*${from}` });
        jump(addressFrom(address), 1);
      } catch (error) {
        outcome.failed(error);
      }
    },
    focusAddress() {
      showAddress();
      toolbar().address.focus();
    },
    leaveAddress() {
      grid.focus();
      showAddress();
    },
    showAddress,
    restore(top, selection) {
      restored = top;
      if (selection === undefined) return;
      const anchor = addressFrom(selection.anchor);
      const caret = addressFrom(selection.caret);
      grid.select({ anchor, caret, column: 'bytes' }, 'none');
    },
    arrive(table) {
      if (table.starts.length === 0) return;
      if (pending !== undefined && (grid.selection === undefined || pending.address === grid.selection.caret)) {
        const { address, length } = pending;
        pending = undefined;
        moveTo(address, length);
      } else if (restored !== undefined) {
        grid.scrollTo(restored);
      } else if (grid.selection === undefined) {
        const first = firstPlace(table);
        grid.select({ anchor: first, caret: first, column: 'bytes' }, 'jump');
      }
      restored = undefined;
      showAddress();
    },
    place,
  };
}

/** Where a view begins when nobody says: the heap, else the program's own data, where what moves is; else the start. */
function firstPlace(table: RegionTable): Address {
  const find = (test: (index: number) => boolean): number => table.starts.findIndex((_, index) => test(index));
  const executable = regionName(table, 0);
  const heap = find((index) => regionKind(table, index) === 'heap');
  const data = find((index) => regionKind(table, index) === 'data' && regionName(table, index) === executable);
  const index = heap >= 0 ? heap : Math.max(0, data);
  return addressOfPage(table.starts[index] as number);
}
