import { pageBytes, PageState, printPageState } from '../common/page.ts';
import { baseName, printAccess, regionName, type RegionTable } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import {
  groupGap,
  isPrintableAscii,
  printAscii,
  printGroup,
  printMissing,
  textCells,
  unprintable,
  type RowFormat,
} from './format.ts';
import type { Geometry } from './geometry.ts';
import type { Row } from './layout.ts';
import type { PageStore, StoredPage } from './store.ts';
import { setData, setText } from './text.ts';

/** One line on the screen: DOM text that screen readers, Find and tests read. It is filled again and again. */
export interface RowSlot {
  readonly element: HTMLElement;
  /** What the slot shows now, for the canvases and the mouse. */
  row: Row | undefined;
  page: StoredPage | undefined;
}

export interface RowContext {
  readonly format: RowFormat;
  readonly geometry: Geometry;
  readonly table: RegionTable;
  readonly store: PageStore;
  /** Resident bytes of a region, where known. */
  resident(region: number): number | undefined;
}

interface Slot extends RowSlot {
  readonly address: HTMLElement;
  readonly zeros: Text;
  readonly digits: Text;
  readonly bytes: HTMLElement;
  readonly text: HTMLElement;
  groups: Text[];
  format: RowFormat | undefined;
  geometry: Geometry | undefined;
  /** What was painted last; the same need no painting. */
  key: string;
  version: number;
  /** The row's place in the grid and its looks, apart from its bytes: they change only when it scrolls. */
  frame: string;
}

export interface Rows {
  readonly slots: readonly RowSlot[];
  /** As many lines as fit the view, one of them partly. */
  resize(count: number): void;
  /** Fills line `index` with a row; does nothing where it shows just that already. */
  fill(index: number, row: Row | undefined, rowIndex: number, context: RowContext): void;
}

export function createRows(parent: HTMLElement): Rows {
  const slots: Slot[] = [];

  function createSlot(): Slot {
    const element = document.createElement('div');
    element.setAttribute('role', 'row');
    element.id = `row-${slots.length}`;
    element.className = 'row';
    const cell = (className: string, role: string): HTMLElement => {
      const span = document.createElement('span');
      span.className = className;
      span.setAttribute('role', role);
      return span;
    };
    const address = cell('address', 'rowheader');
    const leading = document.createElement('span');
    leading.className = 'leading';
    const zeros = leading.appendChild(document.createTextNode(''));
    address.append(leading);
    const digits = address.appendChild(document.createTextNode(''));
    const bytes = cell('bytes', 'gridcell');
    const text = cell('text', 'gridcell');
    return {
      element,
      address,
      zeros,
      digits,
      bytes,
      text,
      groups: [],
      format: undefined,
      geometry: undefined,
      key: '',
      version: -1,
      frame: '',
      row: undefined,
      page: undefined,
    };
  }

  return {
    slots,
    resize(count) {
      while (slots.length < count) {
        const slot = createSlot();
        slots.push(slot);
        parent.append(slot.element);
      }
      while (slots.length > count) slots.pop()?.element.remove();
    },
    fill(index, row, rowIndex, context) {
      const slot = slots[index];
      if (slot === undefined) return;
      slot.row = row;
      slot.page = row?.kind === 'bytes' ? context.store.get(row.page) : undefined;
      const version = slot.page?.version ?? -1;
      const key = keyOf(row, rowIndex, context);
      const same = slot.key === key && slot.version === version;
      if (same && slot.format === context.format && slot.geometry === context.geometry) return;
      place(slot, index, context);
      if (slot.key !== key) slot.element.setAttribute('aria-rowindex', String(rowIndex + 1));
      slot.key = key;
      slot.version = version;
      if (row === undefined) fillEmpty(slot);
      else if (row.kind === 'bytes') fillBytes(slot, row.page, row.offset, context);
      else if (row.kind === 'heading') fillHeading(slot, row.region, context);
      else fillGap(slot, row.pages);
    },
  };
}

function keyOf(row: Row | undefined, rowIndex: number, context: RowContext): string {
  if (row === undefined) return 'none';
  if (row.kind === 'bytes') return `${rowIndex} ${row.page} ${row.offset}`;
  return `${rowIndex} ${row.kind} ${row.region} ${context.table.version} ${context.resident(row.region) ?? ''}`;
}

/** Puts the columns where the format wants them; only when it or the font has changed. */
function place(slot: Slot, index: number, context: RowContext): void {
  const { format, geometry } = context;
  if (slot.format === format && slot.geometry === geometry) return;
  slot.format = format;
  slot.geometry = geometry;
  slot.element.style.top = `${index * geometry.rowHeight}px`;
  slot.address.style.left = `${geometry.addressX}px`;
  slot.bytes.style.left = `${geometry.bytesX}px`;
  slot.text.style.left = `${geometry.textX}px`;
  slot.groups = Array.from({ length: format.groups }, () => document.createTextNode(''));
  slot.bytes.replaceChildren(
    ...slot.groups.map((text, group) => {
      const span = document.createElement('span');
      if (group > 0) span.style.marginLeft = `${groupGap * geometry.characterWidth}px`;
      span.append(text);
      return span;
    }),
  );
}

function fillEmpty(slot: Slot): void {
  slot.frame = '';
  setKind(slot.element, '');
  slot.element.removeAttribute('data-address');
  slot.element.replaceChildren();
}

function fillBytes(slot: Slot, page: number, offset: number, context: RowContext): void {
  const { format } = context;
  const stored = slot.page;
  const state = stored?.state ?? PageState.unread;
  fillFrame(slot, page, offset, state, context.format.addressCharacters);
  if (stored !== undefined && state === PageState.readable) {
    for (let group = 0; group < slot.groups.length; group++) {
      setData(slot.groups[group] as Text, printGroup(format, stored.bytes, stored.view, offset, group));
    }
    fillText(slot, stored, page, offset, context);
    return;
  }
  const missing = printMissing(format, state === PageState.unread ? '··' : '??');
  for (const text of slot.groups) setData(text, missing);
  setText(slot.text, '');
}

/** Address, class and title of a row of bytes. */
function fillFrame(slot: Slot, page: number, offset: number, state: PageState, addressCharacters: number): void {
  const frame = `${page} ${offset} ${state} ${addressCharacters}`;
  if (slot.frame === frame) return;
  slot.frame = frame;
  const digits = page.toString(16) + offset.toString(16).padStart(3, '0');
  setData(slot.zeros, '0'.repeat(Math.max(0, addressCharacters - digits.length)));
  setData(slot.digits, digits);
  const { element } = slot;
  element.dataset['address'] = `0x${digits.replace(/^0+(?=.)/, '')}`;
  if (element.firstChild !== slot.address) element.replaceChildren(slot.address, slot.bytes, slot.text);
  const isUnreadable = state !== PageState.readable && state !== PageState.unread;
  setKind(element, isUnreadable ? 'unreadable' : state === PageState.unread ? 'unread' : '');
  if (isUnreadable) element.title = `These bytes cannot be read: ${printPageState(state)}.${remedyFor(state)}`;
  else element.removeAttribute('title');
}

function remedyFor(state: PageState): string {
  if (state !== PageState.absent && state !== PageState.swapped) return '';
  return ' “Read Pages That Are Not in Memory”, in the view’s menu, brings them in.';
}

function fillText(slot: Slot, stored: StoredPage, page: number, offset: number, context: RowContext): void {
  const { format } = context;
  if (format.textEncoding === 'ascii') {
    setText(slot.text, printAscii(stored.bytes, offset, format.bytesPerRow));
    return;
  }
  const cells = cellsAround(stored, page, offset, context);
  if (cells.every((cell) => cell.length === 1 && (cell === unprintable || isPrintableAscii(cell.charCodeAt(0))))) {
    setText(slot.text, cells.join(''));
    return;
  }
  // Other scripts have glyphs of other widths: each character gets the width of its bytes, so that columns hold.
  const spans: HTMLElement[] = [];
  for (let i = 0; i < cells.length;) {
    let width = 1;
    while (i + width < cells.length && cells[i + width] === '') width++;
    const span = document.createElement('span');
    span.className = 'cell';
    span.style.width = `${width * context.geometry.characterWidth}px`;
    span.textContent = cells[i] ?? '';
    spans.push(span);
    i += width;
  }
  slot.text.replaceChildren(...spans);
}

/** The row's text cells, knowing the characters that cross its edges into rows and pages beside it. */
function cellsAround(stored: StoredPage, page: number, offset: number, context: RowContext): string[] {
  const { format, store } = context;
  const margin = 4;
  const around = new Uint8Array(format.bytesPerRow + 2 * margin);
  const from = offset - margin;
  const inside = stored.bytes.subarray(Math.max(0, from), Math.min(pageBytes, from + around.length));
  around.set(inside, Math.max(0, -from));
  const before = from < 0 ? store.get(page - 1) : undefined;
  if (before?.state === PageState.readable) around.set(before.bytes.subarray(pageBytes + from), 0);
  const over = from + around.length - pageBytes;
  const after = over > 0 ? store.get(page + 1) : undefined;
  if (after?.state === PageState.readable) around.set(after.bytes.subarray(0, over), around.length - over);
  return textCells(around, margin, format.bytesPerRow, format.textEncoding, format.byteOrder);
}

function fillHeading(slot: Slot, region: number, context: RowContext): void {
  slot.frame = '';
  setKind(slot.element, 'heading');
  slot.element.removeAttribute('data-address');
  slot.element.removeAttribute('title');
  slot.element.replaceChildren(...headingParts(context.table, region, context.resident(region)));
}

/** Name, access, size and resident size of a region: a heading row, and the one that sticks to the top. */
export function headingParts(table: RegionTable, region: number, residentBytes: number | undefined): HTMLElement[] {
  const name = regionName(table, region);
  const bytes = ((table.ends[region] as number) - (table.starts[region] as number)) * pageBytes;
  const part = (className: string, text: string): HTMLElement => {
    const span = document.createElement('span');
    span.className = className;
    span.textContent = text;
    return span;
  };
  const title = part('name', name === '' ? 'anonymous' : baseName(name));
  if (name.startsWith('/')) title.title = name;
  const resident =
    residentBytes === undefined || Number.isNaN(residentBytes) ? '' : `, ${printSize(residentBytes)} resident`;
  return [title, part('access', printAccess(table.access[region] ?? 0)), part('size', printSize(bytes) + resident)];
}

function fillGap(slot: Slot, pages: number): void {
  slot.frame = '';
  setKind(slot.element, 'gap');
  slot.element.removeAttribute('data-address');
  slot.element.removeAttribute('title');
  const label = document.createElement('span');
  label.textContent = `${printSize(pages * pageBytes)} not mapped`;
  slot.element.replaceChildren(label);
}

const kinds = ['unread', 'unreadable', 'heading', 'gap'] as const;

/** What the style sheet shows a row as; other classes of it (the caret's row) stay. */
function setKind(element: HTMLElement, kind: (typeof kinds)[number] | ''): void {
  for (const name of kinds) element.classList.toggle(name, name === kind);
}
