import type { Address } from '../common/address.ts';
import { PageState } from '../common/page.ts';
import { isPrintableAscii, type RowFormat } from './format.ts';
import type { Edges, Geometry } from './geometry.ts';
import { isHot, markOf, sinceStopMark, writtenMark } from './glow.ts';
import type { RowSlot } from './rows.ts';
import { addressOf } from './selection.ts';
import type { Theme } from './theme.ts';

/**
 * The two canvases: what is drawn under the text (selection, glow, underlines) and over it (the wash that dims `00`
 * and dots, the caret's outlines). Drawing there costs a third of what styling the text itself costs: see
 * test/bench/renderers.
 */
export interface Overlay {
  resize(width: number, height: number): void;
  /** Draws everything anew; answers whether anything glows, so that it must be drawn again soon. */
  draw(input: OverlayInput): boolean;
}

export interface OverlayInput {
  readonly slots: readonly RowSlot[];
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

/** Boxes of one look, four numbers each, drawn together: changing a canvas's colour costs more than a box. */
type Boxes = number[];

/** What one drawing collects; kept, so that a frame allocates nothing. */
interface Collected {
  /** By mark. */
  readonly glow: readonly Boxes[];
  readonly dim: Boxes;
  /** The marks of the bytes of a row, and of its units. */
  readonly marks: Uint8Array;
  readonly unitMarks: Uint8Array;
  readonly dims: Uint8Array;
}

export function createOverlay(under: HTMLCanvasElement, over: HTMLCanvasElement): Overlay {
  const below = under.getContext('2d');
  const above = over.getContext('2d');
  if (below === null || above === null) throw new Error('this browser has no canvas');
  const collected: Collected = {
    glow: glowAlpha.map(() => []),
    dim: [],
    marks: new Uint8Array(64),
    unitMarks: new Uint8Array(64),
    dims: new Uint8Array(64),
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
      for (const boxes of collected.glow) boxes.length = 0;
      collected.dim.length = 0;
      let hot = false;
      input.slots.forEach((slot, index) => {
        if (slot.row?.kind !== 'bytes') return;
        const y = index * input.geometry.rowHeight;
        const start = addressOf(slot.row);
        drawSelection(below, input, start, y);
        if (collectRow(collected, slot, slot.row.offset, input, y)) hot = true;
        drawCaret(above, input, start, y);
      });
      drawGlow(below, collected, input);
      drawDim(above, collected, input);
      return hot;
    },
  };
}

/** Collects what one row of readable bytes shows; answers whether any of it glows. */
function collectRow(to: Collected, slot: RowSlot, offset: number, input: OverlayInput, y: number): boolean {
  const { page } = slot;
  if (page?.state !== PageState.readable) return false;
  const { format, geometry } = input;
  const count = format.bytesPerRow;
  const { marks, unitMarks, dims } = to;
  let any = false;
  let fades = false;
  const hot = isHot(page.hotAt, input.now);
  const { changedAt, writtenAt, bytes } = page;
  const atStop = input.sinceStop ? page.atStop : undefined;
  for (let i = 0; i < count; i++) {
    const at = offset + i;
    const glow = hot ? markOf(changedAt[at] as number, writtenAt[at] as number, input.now) : 0;
    fades ||= glow !== 0;
    const since = atStop !== undefined && glow !== writtenMark;
    marks[i] = since ? (atStop[at] === bytes[at] ? 0 : sinceStopMark) : glow;
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
    for (let i = 0; i < count; i++) dims[i] = page.bytes[offset + i] === 0 && marks[i] === 0 ? 1 : 0;
    collectRuns(dims, count, geometry.bytes, y, [[], to.dim]);
  }
  if (format.textEncoding === 'ascii') {
    for (let i = 0; i < count; i++) {
      dims[i] = !isPrintableAscii(page.bytes[offset + i] as number) && marks[i] === 0 ? 1 : 0;
    }
    collectRuns(dims, count, geometry.text, y, [[], to.dim]);
  }
  return fades;
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

/** Collects a box for each run of bytes with the same value but 0, a group of eight at a time, so that gaps stay free. */
function collectRuns(values: Uint8Array, count: number, edges: Edges, y: number, into: readonly Boxes[]): void {
  for (let from = 0; from < count;) {
    const value = values[from] as number;
    // In a little-endian hexadecimal unit the first byte stands last.
    let left = edges.left[from] as number;
    let right = edges.right[from] as number;
    let to = from + 1;
    for (; to < count && to % 8 !== 0 && values[to] === value; to++) {
      left = Math.min(left, edges.left[to] as number);
      right = Math.max(right, edges.right[to] as number);
    }
    if (value !== 0) into[value]?.push(left, y, right - left);
    from = to;
  }
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

/** Washes `00` and dots with the background's colour. */
function drawDim(context: CanvasRenderingContext2D, { dim }: Collected, { geometry, theme }: OverlayInput): void {
  if (theme.dim === 0) return;
  context.fillStyle = theme.background;
  context.globalAlpha = theme.dim;
  for (let i = 0; i < dim.length; i += 3) {
    // One pixel short at top and bottom, so that an underline or a neighbour's outline is not washed.
    context.fillRect(dim[i] as number, (dim[i + 1] as number) + 1, dim[i + 2] as number, geometry.rowHeight - 2);
  }
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
