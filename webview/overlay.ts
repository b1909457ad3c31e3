import type { Address } from '../common/address.ts';
import { PageState } from '../common/page.ts';
import { type Boxes, collectRuns } from './boxes.ts';
import { isPrintableAscii, type RowFormat } from './format.ts';
import type { Geometry } from './geometry.ts';
import { isHot, markOf, sinceStopMark, writtenMark } from './glow.ts';
import { drawMarks, drawPlanted, type PlacedMark } from './marks.ts';
import { tintCount, type Names, type PageNames } from './names.ts';
import type { Place } from './layout.ts';
import type { RowSlot } from './rows.ts';
import { addressOf } from './selection.ts';
import type { Theme } from './theme.ts';
import { clearTints, collectTints, createCollectedTints, drawBegins, drawTints, type CollectedTints } from './tints.ts';

/**
 * The two canvases: what is drawn under the text (variables, selection, glow, underlines) and over it (the wash that dims `00`
 * and dots, the caret's outlines, the tabs of registers). Drawing there costs a third of what styling the text itself costs: see
 * test/bench/renderers.
 */
export interface Overlay {
  resize(width: number, height: number): void;
  /** Draws everything anew; answers whether anything glows, so that it must be drawn again soon. */
  draw(input: OverlayInput): boolean;
}

export interface OverlayInput {
  readonly slots: readonly RowSlot[];
  readonly names: Names;
  readonly format: RowFormat;
  readonly geometry: Geometry;
  readonly theme: Theme;
  readonly now: number;
  /** Whether what has changed since the last stop is marked, instead of what changes. */
  readonly sinceStop: boolean;
  readonly caret: Address | undefined;
  readonly column: 'bytes' | 'text';
  readonly focused: boolean;
  /** First and last selected byte. */
  readonly selected: readonly [Address, Address] | undefined;
}

const glowAlpha = [0, 0.45, 0.32, 0.2, 0.1, 0.3, 0.3] as const;

/** What one drawing collects; kept, so that a frame allocates nothing. */
interface Collected {
  /** By mark. */
  readonly glow: readonly Boxes[];
  /** First nothing, then those on the background, then those on each tint. */
  readonly dim: readonly Boxes[];
  readonly tints: CollectedTints;
  readonly planted: Boxes;
  readonly marked: PlacedMark[];
  /** The marks of the bytes of a row, and of its units. */
  readonly marks: Uint8Array;
  readonly unitMarks: Uint8Array;
  readonly dims: Uint8Array;
  readonly tintOf: Uint8Array;
}

export function createOverlay(under: HTMLCanvasElement, over: HTMLCanvasElement): Overlay {
  const below = under.getContext('2d');
  const above = over.getContext('2d');
  if (below === null || above === null) throw new Error('this browser has no canvas');
  const collected: Collected = {
    glow: glowAlpha.map(() => []),
    dim: Array.from({ length: tintCount + 2 }, () => []),
    tints: createCollectedTints(),
    planted: [],
    marked: [],
    marks: new Uint8Array(64),
    unitMarks: new Uint8Array(64),
    dims: new Uint8Array(64),
    tintOf: new Uint8Array(64),
  };
  let scale = 1;

  return {
    resize(width, height) {
      scale = devicePixelRatio;
      for (const canvas of [under, over]) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
    },
    draw(input) {
      for (const context of [below, above]) {
        context.setTransform(1, 0, 0, 1, 0, 0);
        context.clearRect(0, 0, under.width, under.height);
        context.setTransform(scale, 0, 0, scale, 0, 0);
      }
      for (const boxes of [...collected.glow, ...collected.dim]) boxes.length = 0;
      clearTints(collected.tints);
      collected.planted.length = collected.marked.length = 0;
      const { geometry, theme } = input;
      let hot = false;
      input.slots.forEach((slot, index) => {
        if (slot.row?.kind === 'bytes' && collectRow(collected, slot, slot.row, input, index * geometry.rowHeight))
          hot = true;
      });
      drawTints(below, collected.tints, geometry, theme);
      input.slots.forEach((slot, index) => {
        if (slot.row?.kind !== 'bytes') return;
        const start = addressOf(slot.row);
        drawSelection(below, input, start, index * geometry.rowHeight);
        drawCaret(above, input, start, index * geometry.rowHeight);
      });
      drawGlow(below, collected, input);
      drawBegins(below, collected.tints, geometry, theme);
      drawPlanted(below, collected.planted, geometry, theme);
      drawDim(above, collected, input);
      drawMarks(above, collected.marked, geometry, theme);
      return hot;
    },
  };
}

/** Collects what one row of readable bytes shows; answers whether any of it glows. */
function collectRow(to: Collected, { page }: RowSlot, row: Place, input: OverlayInput, y: number): boolean {
  if (page?.state !== PageState.readable) return false;
  const { format, geometry } = input;
  const { offset } = row;
  const count = format.bytesPerRow;
  const { marks, unitMarks, dims, tintOf } = to;
  tintOf.fill(0);
  const names = input.names.page(row.page);
  if (names !== undefined) collectNames(to, names, offset, input, y);
  if (page.planted !== undefined) collectPlanted(to, page.planted, offset, input, y);
  let any = false;
  let fades = false;
  const hot = isHot(page.hotAt, input.now);
  const { changedAt, writtenAt, own } = page;
  const atStop = input.sinceStop ? page.atStop : undefined;
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    const glow = hot ? markOf(changedAt[at] as number, writtenAt[at] as number, input.now) : 0;
    fades ||= glow !== 0;
    const since = atStop !== undefined && glow !== writtenMark;
    marks[i] = since ? (atStop[at] === own[at] ? 0 : sinceStopMark) : glow;
    any ||= marks[i] !== 0;
  }
  if (any) {
    const size = format.unit.startsWith('hex') ? 1 : format.unitBytes;
    for (let i = 0; i < count; i++) unitMarks[i] = markOfUnit(marks, i - (i % size), size);
    collectRuns(unitMarks, count, geometry.bytes, y, to.glow);
    collectRuns(marks, count, geometry.text, y, to.glow);
  }
  // What glows is not dimmed: it is to be seen.
  if (format.unit === 'hex8') {
    for (let i = 0; i < count; i++) dims[i] = page.bytes[offset + i] === 0 && marks[i] === 0 ? dimOn(tintOf, i) : 0;
    collectRuns(dims, count, geometry.bytes, y, to.dim);
  }
  if (format.textEncoding === 'ascii') {
    for (let i = 0; i < count; i++) {
      dims[i] = !isPrintableAscii(page.bytes[offset + i] as number) && marks[i] === 0 ? dimOn(tintOf, i) : 0;
    }
    collectRuns(dims, count, geometry.text, y, to.dim);
  }
  return fades;
}

/** What a byte is dimmed with: 1 is the background, then the tints. */
function dimOn(tints: Uint8Array, index: number): number {
  return 1 + (tints[index] as number);
}

function collectNames(to: Collected, names: PageNames, offset: number, input: OverlayInput, y: number): void {
  collectTints(to.tints, names, offset, input, y, to.tintOf);
  for (const { register, offset: at } of names.marks) {
    if (at >= offset && at < offset + input.format.bytesPerRow) to.marked.push({ register, index: at - offset, y });
  }
}

function collectPlanted(to: Collected, planted: Uint8Array, offset: number, input: OverlayInput, y: number): void {
  const { bytesPerRow } = input.format;
  const row = planted.subarray(offset, offset + bytesPerRow);
  for (const edges of [input.geometry.bytes, input.geometry.text])
    collectRuns(row, bytesPerRow, edges, y, [[], to.planted]);
}

/** A decimal or a float is one text for all its bytes: it has the newest mark of them. */
function markOfUnit(marks: Uint8Array, from: number, size: number): number {
  let best = 0;
  for (let i = from; i < from + size; i++) {
    const mark = marks[i] as number;
    if (mark !== 0 && (best === 0 || mark < best)) best = mark;
  }
  return best;
}

function drawGlow(context: CanvasRenderingContext2D, { glow }: Collected, { geometry, theme }: OverlayInput): void {
  glow.forEach((boxes, mark) => {
    if (boxes.length === 0) return;
    const alpha = glowAlpha[mark] ?? 0;
    context.fillStyle = mark === writtenMark ? theme.written : theme.changed;
    context.globalAlpha = alpha;
    for (let i = 0; i < boxes.length; i += 3) {
      context.fillRect(
        (boxes[i] as number) - 1,
        boxes[i + 1] as number,
        (boxes[i + 2] as number) + 2,
        geometry.rowHeight,
      );
    }
    context.globalAlpha = Math.min(1, alpha * 2);
    // An own write is underlined twice as thick: it differs in shape as well as in colour.
    const thick = mark === writtenMark ? 2 : 1;
    const underline = geometry.rowHeight - 1 - thick;
    for (let i = 0; i < boxes.length; i += 3) {
      context.fillRect(boxes[i] as number, (boxes[i + 1] as number) + underline, boxes[i + 2] as number, thick);
    }
  });
  context.globalAlpha = 1;
}

/** Washes `00` and dots with the colour that they stand on. */
function drawDim(context: CanvasRenderingContext2D, { dim }: Collected, { geometry, theme }: OverlayInput): void {
  if (theme.dim === 0) return;
  context.globalAlpha = theme.dim;
  dim.forEach((boxes, on) => {
    if (boxes.length === 0) return;
    context.fillStyle = on === 1 ? theme.background : (theme.tints[on - 2] ?? '');
    for (let i = 0; i < boxes.length; i += 3) {
      // One pixel short at top and bottom, so that an underline or a neighbour's outline is not washed.
      context.fillRect(
        boxes[i] as number,
        (boxes[i + 1] as number) + 1,
        boxes[i + 2] as number,
        geometry.rowHeight - 2,
      );
    }
  });
  context.globalAlpha = 1;
}

function drawSelection(context: CanvasRenderingContext2D, input: OverlayInput, start: Address, y: number): void {
  if (input.selected === undefined || input.selected[0] === input.selected[1]) return;
  const { geometry, format, theme } = input;
  const count = BigInt(format.bytesPerRow);
  const first = Number(input.selected[0] > start ? input.selected[0] - start : 0n);
  const last = Number(input.selected[1] < start + count - 1n ? input.selected[1] - start : count - 1n);
  if (first > last) return;
  for (const column of ['bytes', 'text'] as const) {
    const left = Math.min(...geometry[column].left.subarray(first, last + 1));
    const width = Math.max(...geometry[column].right.subarray(first, last + 1)) - left;
    if (theme.outline !== '') {
      context.strokeStyle = theme.outline;
      context.lineWidth = 1;
      context.strokeRect(left - 0.5, y + 0.5, width + 1, geometry.rowHeight - 1);
    } else {
      context.fillStyle = theme.selection;
      context.globalAlpha = column === input.column ? 1 : 0.6;
      context.fillRect(left - 1, y, width + 2, geometry.rowHeight);
      context.globalAlpha = 1;
    }
  }
}

/** Outlines the caret's byte and its twin in the other column. */
function drawCaret(context: CanvasRenderingContext2D, input: OverlayInput, start: Address, y: number): void {
  const { caret, geometry, format, theme } = input;
  if (caret === undefined || caret < start || caret >= start + BigInt(format.bytesPerRow)) return;
  const index = Number(caret - start);
  context.strokeStyle = theme.caret;
  context.lineWidth = 1;
  for (const column of ['bytes', 'text'] as const) {
    const left = geometry[column].left[index] as number;
    const width = (geometry[column].right[index] as number) - left;
    context.globalAlpha = column === input.column && input.focused ? 1 : 0.5;
    context.strokeRect(Math.round(left) - 1.5, y + 0.5, Math.round(width) + 2, geometry.rowHeight - 1);
  }
  context.globalAlpha = 1;
}
