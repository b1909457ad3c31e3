import type { Address } from '../common/address.ts';
import { createEmitter, type Event } from '../common/event.ts';
import type { Frame } from '../common/frame.ts';
import { stepGraceMs } from '../common/limits.ts';
import { offsetInPage, pageOf, PageState, printPageState, type PageNumber } from '../common/page.ts';
import { usualChoices, type Choices, type Residency } from '../common/protocol.ts';
import { emptyRegionTable, findRegion, regionKinds, type RegionTable } from '../common/region.ts';
import { createColumns } from './columns.ts';
import { columnGap, createRowFormat, fittedBytesPerRow, type RowFormat } from './format.ts';
import { createGeometry, type Geometry } from './geometry.ts';
import { writtenMs } from './glow.ts';
import { createLayout, pagesToWatch, regionOfRow, rowAt, rowOf, rowsOfRegion, type Layout } from './layout.ts';
import { createMap, type MapPosition } from './map.ts';
import { printKnown, whatIsKnown, type Known } from './known.ts';
import { createNames, type Names } from './names.ts';
import { createOverlay } from './overlay.ts';
import type { Original } from './planted.ts';
import { createRows, headingParts } from './rows.ts';
import { createScrollbar } from './scrollbar.ts';
import { createSkeleton } from './skeleton.ts';
import { addressOf, placeOf, selectedRange, type SelectionState } from './selection.ts';
import { createPageStore, type PageStore } from './store.ts';
import { readTheme, watchTheme } from './theme.ts';

/** The hex grid: rows of DOM text between two canvases, its own scrolling, and what it wants to be read. */
export interface Grid {
  /** Has the keyboard. */
  readonly element: HTMLElement;
  readonly store: PageStore;
  /** What the debugger knows of the memory. */
  readonly names: Names;
  readonly layout: Layout;
  readonly format: RowFormat;
  readonly selection: SelectionState | undefined;
  /** Whole rows that can be seen below the heading that sticks. */
  readonly visibleRows: number;
  /** The first byte below the heading that sticks. */
  readonly topAddress: Address | undefined;
  readonly onDidSelect: Event<SelectionState>;
  /** The pages to watch have changed. */
  readonly onDidWatch: Event<readonly PageNumber[]>;
  /** A frame with this number has been painted. */
  readonly onDidDraw: Event<number>;
  readonly onDidScroll: Event<Address>;
  setTable(table: RegionTable): void;
  setResidency(residency: Pick<Residency, 'version' | 'resident'>): void;
  /** The process goes on after a stop. */
  leaveStop(): void;
  /** No debugger stops it any more. */
  forgetStops(): void;
  /** How long addresses are: 4 or 8. */
  setPointerBytes(bytes: number): void;
  setChoices(choices: Choices): void;
  setGone(gone: boolean): void;
  /** Begins with no bytes, and says anew what it watches. */
  forget(): void;
  apply(frame: Frame): void;
  /** Our own write: shown at once, and not as a change by the program. */
  written(start: Address, bytes: Uint8Array): void;
  select(selection: SelectionState, reveal: 'none' | 'nearest' | 'jump'): void;
  /** Puts the row of an address at the top. */
  scrollTo(top: Address): void;
  scrollRows(rows: number): void;
  scrollPixels(pixels: number): void;
  /** The byte under a point of the window. */
  hit(clientX: number, clientY: number): { readonly address: Address; readonly column: 'bytes' | 'text' } | undefined;
  /** Where a byte is in the window, if it can be seen. */
  boxOf(address: Address, column: 'bytes' | 'text'): DOMRectReadOnly | undefined;
  /** Where the caret is on the screen, for menus that the keyboard opens. */
  caretPoint(): { readonly x: number; readonly y: number };
  /** A digit that waits for its second one stands in place of its byte. */
  setHalf(half: { readonly address: Address; readonly digit: string } | undefined): void;
  /** What the mapped file has in the place of a page. */
  setOriginal(page: PageNumber, original: Original): void;
  /** What is known of a byte besides its value. */
  known(address: Address): Known;
  /** A byte as a screen reader says it. */
  byteText(address: Address): string;
  focus(): void;
}

export function createGrid(parent: HTMLElement): Grid {
  const { element, scroller, columnsPlace, viewport, sheet, under, rowsPlace, over, halfElement, sticky, ruler } =
    createSkeleton(parent);
  const columns = createColumns(columnsPlace);

  const store = createPageStore();
  const names = createNames();
  const rows = createRows(rowsPlace);
  const overlay = createOverlay(under, over);
  const map = createMap(element);
  const scrollbar = createScrollbar(element);
  const selects = createEmitter<SelectionState>();
  const watches = createEmitter<readonly PageNumber[]>();
  const draws = createEmitter<number>();
  const scrolls = createEmitter<Address>();

  let choices = usualChoices;
  let format = createRowFormat(16, 'hex8', 'little', 'ascii');
  let pointerBytes = 8;
  let layout = createLayout(emptyRegionTable, 16);
  let geometry: Geometry = createGeometry(format, 8, 19);
  let theme = readTheme(element, regionKinds);
  let residency: Pick<Residency, 'version' | 'resident'> | undefined;
  let selection: SelectionState | undefined;
  let gone = false;
  /** The row at the top edge, under the heading that sticks, and how many pixels of it are scrolled away. */
  let top = 0;
  let shift = 0;
  let watched = '';
  let frameSeq: number | undefined;
  let painting = 0;
  let glowTimer: ReturnType<typeof setTimeout> | undefined;
  let stickyKey = '';
  let litRow: HTMLElement | undefined;

  /** Kept, because asking the browser while rows are being filled would lay them out twice. */
  let viewHeight = 0;
  const visibleRows = (): number => Math.max(1, Math.floor(viewHeight / geometry.rowHeight) - 1);
  const topMax = (): number => Math.max(0, layout.rowCount - visibleRows() - 1);
  const resident = (region: number): number | undefined =>
    residency?.version === layout.table.version ? residency.resident[region] : undefined;

  function schedule(): void {
    if (painting === 0) painting = requestAnimationFrame(paint);
  }

  function paint(): void {
    painting = 0;
    clearTimeout(glowTimer);
    const now = performance.now();
    const { rowHeight } = geometry;
    rows.resize(Math.ceil((viewHeight + shift) / rowHeight));
    const context = { format, geometry, table: layout.table, store, resident };
    for (let i = 0; i < rows.slots.length; i++) rows.fill(i, rowAt(layout, top + i), top + i, context);
    sheet.style.transform = `translateY(${-shift}px)`;
    lightRow();
    const range = selection === undefined ? undefined : selectedRange(selection);
    const hot = overlay.draw({
      slots: rows.slots,
      names,
      format,
      geometry,
      theme,
      now,
      sinceStop: choices.highlight === 'sinceStop',
      caret: selection?.caret,
      column: selection?.column ?? 'bytes',
      focused: document.activeElement === element,
      selected: range === undefined ? undefined : [range.start, range.start + BigInt(range.length - 1)],
    });
    paintSticky();
    scrollbar.show(top + shift / rowHeight, visibleRows() + 1, layout.rowCount);
    map.show([mapPosition(top), mapPosition(top + visibleRows() + 1)], theme);
    watch();
    if (hot) glowTimer = setTimeout(schedule, writtenMs / 32);
    if (frameSeq !== undefined) {
      draws.fire(frameSeq);
      frameSeq = undefined;
    }
  }

  /** The row of the caret: its address lights up, and a screen reader is told which row the grid is at. */
  function lightRow(): void {
    const index = selection === undefined ? -1 : rowOf(layout, placeOf(selection.caret)) - top;
    const slot = rows.slots[index];
    const row = slot?.row?.kind === 'bytes' ? slot.element : undefined;
    if (row === litRow) return;
    litRow?.classList.remove('current');
    litRow = row;
    row?.classList.add('current');
    if (row === undefined) element.removeAttribute('aria-activedescendant');
    else element.setAttribute('aria-activedescendant', row.id);
  }

  /** The heading of the region at the top edge; the next region's heading pushes it away. */
  function paintSticky(): void {
    const region = regionOfRow(layout, top);
    sticky.hidden = region === undefined;
    if (region === undefined) return;
    const next = rowAt(layout, top + 1);
    sticky.style.transform = next !== undefined && next.kind !== 'bytes' ? `translateY(${-shift}px)` : '';
    const key = `${region} ${layout.table.version} ${resident(region) ?? ''}`;
    if (key === stickyKey) return;
    stickyKey = key;
    sticky.replaceChildren(...headingParts(layout.table, region, resident(region)));
  }

  function mapPosition(row: number): MapPosition {
    const region = regionOfRow(layout, Math.max(0, Math.min(layout.rowCount - 1, row))) ?? 0;
    const first = layout.headings[region] ?? 0;
    return region + Math.min(0.999, (row - first) / rowsOfRegion(layout, region));
  }

  function watch(): void {
    if (gone) return;
    const pages = pagesToWatch(layout, top, visibleRows() + 2);
    const key = pages.join();
    if (key === watched) return;
    watched = key;
    store.keep(new Set(pages));
    watches.fire(pages);
  }

  function setTop(row: number, pixels: number): void {
    const max = topMax();
    const [nextTop, nextShift] = row < 0 ? [0, 0] : row >= max ? [max, 0] : [row, pixels];
    if (nextTop === top && nextShift === shift) return;
    top = nextTop;
    shift = nextShift;
    scrolls.fire(topAddress() ?? 0n);
    schedule();
  }

  function scrollPixels(pixels: number): void {
    const total = shift + pixels;
    const moved = Math.floor(total / geometry.rowHeight);
    setTop(top + moved, total - moved * geometry.rowHeight);
  }

  /** The first byte below the heading that sticks. */
  function topAddress(): Address | undefined {
    for (let i = top + 1; i < top + 5; i++) {
      const row = rowAt(layout, i);
      if (row?.kind === 'bytes') return addressOf(row);
    }
    return undefined;
  }

  /** Changes what rows there are while the byte at the top stays where it is. */
  function relayout(change: () => void): void {
    const anchor = topAddress();
    const before = anchor === undefined ? 0 : rowOf(layout, placeOf(anchor)) - top;
    change();
    if (anchor !== undefined) top = rowOf(layout, placeOf(anchor)) - before;
    top = Math.max(0, Math.min(topMax(), top));
    element.setAttribute('aria-rowcount', String(layout.rowCount));
    map.setTable(layout.table);
    schedule();
  }

  function measure(): void {
    viewHeight = viewport.clientHeight;
    const characterWidth = ruler.getBoundingClientRect().width / 100;
    const rowHeight = Math.round(parseFloat(getComputedStyle(element).fontSize) * 1.35);
    element.style.setProperty('--row-height', `${rowHeight}px`);
    const room = scroller.clientWidth / characterWidth - 2 - columnGap;
    const fitted = fittedBytesPerRow(room, choices.unit, pointerBytes * 2);
    const bytesPerRow = choices.bytesPerRow === 0 ? fitted : Math.min(choices.bytesPerRow, fitted);
    const next = createRowFormat(bytesPerRow, choices.unit, choices.byteOrder, choices.textEncoding, pointerBytes * 2);
    const same = JSON.stringify(next) === JSON.stringify(format);
    const moved = characterWidth !== geometry.characterWidth || rowHeight !== geometry.rowHeight;
    if (!same || moved) {
      format = same ? format : next;
      geometry = createGeometry(format, characterWidth, rowHeight);
      columns.show(format, geometry);
      viewport.style.minWidth = `${geometry.width}px`;
    }
    relayout(() => {
      if (layout.bytesPerRow !== bytesPerRow) layout = createLayout(layout.table, bytesPerRow);
    });
    // The heading rows and gaps are as wide as what can be seen, so the canvases need only the rows' own width.
    overlay.resize(geometry.width, viewHeight + 2 * rowHeight);
    showColumn();
  }

  function showColumn(): void {
    columns.light(selection === undefined ? undefined : Number(selection.caret % BigInt(format.bytesPerRow)));
  }

  function reveal(address: Address, how: 'nearest' | 'jump'): void {
    const row = rowOf(layout, placeOf(address));
    const visible = visibleRows();
    const seen = row > top && row <= top + visible - (shift > 0 ? 1 : 0);
    if (how === 'jump') {
      // The heading row of a region's first row comes along, so that one sees where one is.
      if (!seen) setTop(row - Math.min(3, visible - 1), 0);
    } else if (row <= top) setTop(row - 1, 0);
    else if (row > top + visible - (shift > 0 ? 1 : 0)) setTop(row - visible, 0);
    const index = Number(address % BigInt(format.bytesPerRow));
    const x = geometry[selection?.column ?? 'bytes'].left[index] ?? 0;
    const width = (geometry[selection?.column ?? 'bytes'].right[index] ?? 0) - x;
    if (x < scroller.scrollLeft) scroller.scrollLeft = x - 20;
    else if (x + width > scroller.scrollLeft + scroller.clientWidth)
      scroller.scrollLeft = x + width + 20 - scroller.clientWidth;
  }

  scrollbar.onDidScroll((row) => setTop(Math.floor(row), (row % 1) * geometry.rowHeight));
  map.onDidPick((position) => {
    const region = Math.floor(position);
    setTop((layout.headings[region] ?? 0) + Math.floor((position - region) * rowsOfRegion(layout, region)), 0);
  });
  map.onDidResize(schedule);
  names.onDidChange(schedule);
  element.addEventListener('focus', schedule);
  element.addEventListener('blur', schedule);
  new ResizeObserver(measure).observe(viewport);
  new ResizeObserver(measure).observe(ruler);
  watchTheme(() => {
    theme = readTheme(element, regionKinds);
    measure();
  });
  measure();

  return {
    element,
    store,
    names,
    get layout() {
      return layout;
    },
    get format() {
      return format;
    },
    get selection() {
      return selection;
    },
    get visibleRows() {
      return visibleRows();
    },
    get topAddress() {
      return topAddress();
    },
    onDidSelect: selects.event,
    onDidWatch: watches.event,
    onDidDraw: draws.event,
    onDidScroll: scrolls.event,
    setTable: (table) => relayout(() => (layout = createLayout(table, format.bytesPerRow))),
    setResidency(next) {
      residency = next;
      schedule();
    },
    setOriginal(page, original) {
      store.setOriginal(page, original);
      schedule();
    },
    leaveStop() {
      store.leaveStop();
      setTimeout(schedule, stepGraceMs);
    },
    forgetStops() {
      store.forgetStops();
      schedule();
    },
    setPointerBytes(bytes) {
      pointerBytes = bytes;
      measure();
    },
    setChoices(next) {
      choices = next;
      measure();
    },
    setGone(next) {
      gone = next;
      watched = '';
      element.classList.toggle('gone', gone);
      schedule();
    },
    forget() {
      watched = '';
      store.clear();
      schedule();
    },
    apply(frame) {
      store.apply(frame, performance.now());
      frameSeq = frame.seq;
      schedule();
    },
    written(start, bytes) {
      const now = performance.now();
      for (let from = 0; from < bytes.length;) {
        const { page, offset } = placeOf(start + BigInt(from));
        const piece = bytes.subarray(from, from + 4096 - offset);
        store.written(page, offset, piece, now);
        from += piece.length;
      }
      schedule();
    },
    select(next, how) {
      selection = next;
      if (how !== 'none') reveal(next.caret, how);
      showColumn();
      schedule();
      selects.fire(next);
    },
    scrollTo(address) {
      setTop(rowOf(layout, placeOf(address)) - 1, 0);
    },
    scrollRows: (count) => setTop(top + count, shift),
    scrollPixels,
    hit(clientX, clientY) {
      const box = sheet.getBoundingClientRect();
      const row = rows.slots[Math.floor((clientY - box.top) / geometry.rowHeight)]?.row;
      if (row?.kind !== 'bytes') return undefined;
      const { column, index } = geometry.hit(clientX - box.left);
      return { address: addressOf({ page: row.page, offset: row.offset + index }), column };
    },
    boxOf(address, column) {
      const index = rowOf(layout, placeOf(address)) - top;
      if (rows.slots[index]?.row?.kind !== 'bytes') return undefined;
      const box = sheet.getBoundingClientRect();
      const byte = Number(address % BigInt(format.bytesPerRow));
      const left = geometry[column].left[byte] ?? 0;
      const width = (geometry[column].right[byte] ?? 0) - left;
      return new DOMRectReadOnly(box.left + left, box.top + index * geometry.rowHeight, width, geometry.rowHeight);
    },
    caretPoint() {
      const box = viewport.getBoundingClientRect();
      if (selection === undefined || findRegion(layout.table, pageOf(selection.caret)) < 0) {
        return { x: box.left + geometry.bytesX, y: box.top + geometry.rowHeight };
      }
      const x = geometry.bytes.left[Number(selection.caret % BigInt(format.bytesPerRow))] ?? 0;
      const y = (rowOf(layout, placeOf(selection.caret)) - top + 1) * geometry.rowHeight - shift;
      return { x: box.left + x, y: box.top + Math.max(0, Math.min(box.height, y)) };
    },
    setHalf(half) {
      const row = half === undefined ? -1 : rowOf(layout, placeOf(half.address)) - top;
      halfElement.hidden = half === undefined || row < 0;
      if (half === undefined) return;
      const index = Number(half.address % BigInt(format.bytesPerRow));
      const x = geometry.bytes.left[index] ?? 0;
      const width = (geometry.bytes.right[index] ?? 0) - x;
      halfElement.textContent = `${half.digit}_`;
      halfElement.style.left = `${x}px`;
      halfElement.style.width = `${width}px`;
      halfElement.style.top = `${row * geometry.rowHeight}px`;
    },
    byteText(address) {
      const stored = store.get(pageOf(address));
      if (stored?.state !== PageState.readable) return printPageState(stored?.state ?? PageState.unread);
      const byte = stored.bytes[offsetInPage(address)] ?? 0;
      const hex = byte.toString(16).padStart(2, '0');
      const character = byte > 0x20 && byte < 0x7f ? [String.fromCharCode(byte)] : [];
      return [hex, ...character, ...printKnown(whatIsKnown(store, names, address))].join(', ');
    },
    known: (address) => whatIsKnown(store, names, address),
    focus: () => element.focus({ preventScroll: true }),
  };
}
