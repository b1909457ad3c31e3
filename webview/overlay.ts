import type { Address } from '../common/address.ts';
import { PageState } from '../common/page.ts';
import { isPrintableAscii, type RowFormat } from './format.ts';
import type { Geometry } from './geometry.ts';
import { isHot, markOf, writtenMark, type Mark } from './glow.ts';
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
  readonly caret: Address | undefined;
  readonly column: 'bytes' | 'text';
  readonly focused: boolean;
  /** First and last selected byte. */
  readonly selected: readonly [Address, Address] | undefined;
}

const glowAlpha = [0, 0.45, 0.32, 0.2, 0.1, 0.3] as const;

export function createOverlay(under: HTMLCanvasElement, over: HTMLCanvasElement): Overlay {
  const below = under.getContext('2d');
  const above = over.getContext('2d');
  if (below === null || above === null) throw new Error('this browser has no canvas');
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
      let hot = false;
      input.slots.forEach((slot, index) => {
        if (slot.row?.kind !== 'bytes') return;
        const y = index * input.geometry.rowHeight;
        const start = addressOf(slot.row);
        drawSelection(below, input, start, y);
        if (slot.page?.state === PageState.readable) {
          const bytes = slot.page.bytes;
          const offset = slot.row.offset;
          const marks = isHot(slot.page.hotAt, input.now) ? marksOf(slot.page, offset, input) : undefined;
          if (marks !== undefined) {
            hot = true;
            drawMarks(below, input, marks, y);
          }
          drawDim(above, input, bytes, offset, marks, y);
        }
        drawCaret(above, input, start, y);
      });
      return hot;
    },
  };
}

/** The mark of each byte of a row; undefined where there is none to be seen. */
function marksOf(
  page: { readonly changedAt: Float64Array; readonly writtenAt: Float64Array },
  offset: number,
  input: OverlayInput,
): readonly Mark[] | undefined {
  const marks: Mark[] = [];
  let any = false;
  for (let i = 0; i < input.format.bytesPerRow; i++) {
    const mark = markOf(page.changedAt[offset + i] as number, page.writtenAt[offset + i] as number, input.now);
    if (mark !== 0) any = true;
    marks.push(mark);
  }
  // A page is hot for as long as its newest byte; other rows of it have nothing to draw but must be asked again.
  return any ? marks : undefined;
}

/** Calls back for each run of bytes with the same value, a group of eight at a time, so that gaps stay free. */
function eachRun<T>(
  count: number,
  valueAt: (index: number) => T,
  run: (from: number, to: number, value: T) => void,
): void {
  for (let from = 0; from < count;) {
    const value = valueAt(from);
    let to = from + 1;
    while (to < count && to % 8 !== 0 && valueAt(to) === value) to++;
    run(from, to, value);
    from = to;
  }
}

/** The box around bytes [from, to) of a row in either column. In a little-endian hex unit the first byte stands last. */
function runBox(geometry: Geometry, from: number, to: number, column: 'bytes' | 'text'): readonly [number, number] {
  const box = column === 'bytes' ? geometry.byteBox : geometry.textBox;
  let left = Infinity;
  let right = -Infinity;
  for (let i = from; i < to; i++) {
    const [x, width] = box(i);
    left = Math.min(left, x);
    right = Math.max(right, x + width);
  }
  return [left, right - left];
}

function drawSelection(context: CanvasRenderingContext2D, input: OverlayInput, start: Address, y: number): void {
  if (input.selected === undefined || input.selected[0] === input.selected[1]) return;
  const { geometry, format, theme } = input;
  const count = BigInt(format.bytesPerRow);
  const first = input.selected[0] > start ? input.selected[0] - start : 0n;
  const last = input.selected[1] < start + count - 1n ? input.selected[1] - start : count - 1n;
  if (first > last) return;
  for (const column of ['bytes', 'text'] as const) {
    const [x, width] = runBox(geometry, Number(first), Number(last) + 1, column);
    if (theme.outline !== '') {
      context.strokeStyle = theme.outline;
      context.lineWidth = 1;
      context.strokeRect(x - 0.5, y + 0.5, width + 1, geometry.rowHeight - 1);
    } else {
      context.fillStyle = theme.selection;
      context.globalAlpha = column === input.column ? 1 : 0.6;
      context.fillRect(x - 1, y, width + 2, geometry.rowHeight);
      context.globalAlpha = 1;
    }
  }
}

function drawMarks(context: CanvasRenderingContext2D, input: OverlayInput, marks: readonly Mark[], y: number): void {
  const { geometry, format, theme } = input;
  const size = format.unit.startsWith('hex') ? 1 : format.unitBytes;
  // A decimal or a float is one text for all its bytes: it has the newest mark of them.
  const unitMark = (index: number): Mark => {
    const from = index - (index % size);
    let best: Mark = 0;
    for (const mark of marks.slice(from, from + size)) if (mark !== 0 && (best === 0 || mark < best)) best = mark;
    return best;
  };
  const paint = (x: number, width: number, mark: Mark): void => {
    context.fillStyle = mark === writtenMark ? theme.written : theme.changed;
    context.globalAlpha = glowAlpha[mark];
    context.fillRect(x - 1, y, width + 2, geometry.rowHeight);
    context.globalAlpha = Math.min(1, glowAlpha[mark] * 2);
    // An own write is underlined twice as thick: it differs in shape as well as in colour.
    const thick = mark === writtenMark ? 2 : 1;
    context.fillRect(x, y + geometry.rowHeight - 1 - thick, width, thick);
    context.globalAlpha = 1;
  };
  eachRun(format.bytesPerRow, size === 1 ? (i) => marks[i] as Mark : unitMark, (from, to, mark) => {
    if (mark !== 0) paint(...runBox(geometry, from, to, 'bytes'), mark);
  });
  eachRun(
    format.bytesPerRow,
    (i) => marks[i] as Mark,
    (from, to, mark) => {
      if (mark !== 0) paint(...runBox(geometry, from, to, 'text'), mark);
    },
  );
}

/** Washes `00` and dots with the background's colour. What glows is not dimmed: it is to be seen. */
function drawDim(
  context: CanvasRenderingContext2D,
  input: OverlayInput,
  bytes: Uint8Array,
  offset: number,
  marks: readonly Mark[] | undefined,
  y: number,
): void {
  const { geometry, format, theme } = input;
  if (theme.dim === 0) return;
  context.fillStyle = theme.background;
  context.globalAlpha = theme.dim;
  const calm = (i: number): boolean => marks === undefined || marks[i] === 0;
  const wash = (dim: (i: number) => boolean, column: 'bytes' | 'text'): void =>
    eachRun(format.bytesPerRow, dim, (from, to, yes) => {
      if (!yes) return;
      const [x, width] = runBox(geometry, from, to, column);
      // One pixel short at the bottom, so that an underline or a neighbour's outline is not washed.
      context.fillRect(x, y + 1, width, geometry.rowHeight - 2);
    });
  if (format.unit === 'hex8') wash((i) => bytes[offset + i] === 0 && calm(i), 'bytes');
  if (format.textEncoding === 'ascii') {
    wash((i) => !isPrintableAscii(bytes[offset + i] as number) && calm(i), 'text');
  }
  context.globalAlpha = 1;
}

/** Outlines the caret's byte and its twin in the other column. */
function drawCaret(context: CanvasRenderingContext2D, input: OverlayInput, start: Address, y: number): void {
  const { caret, geometry, format, theme } = input;
  if (caret === undefined || caret < start || caret >= start + BigInt(format.bytesPerRow)) return;
  const index = Number(caret - start);
  context.strokeStyle = theme.caret;
  for (const column of ['bytes', 'text'] as const) {
    const [x, width] = column === 'bytes' ? geometry.byteBox(index) : geometry.textBox(index);
    const active = column === input.column && input.focused;
    context.globalAlpha = active ? 1 : 0.5;
    context.lineWidth = 1;
    context.strokeRect(Math.round(x) - 1.5, y + 0.5, Math.round(width) + 2, geometry.rowHeight - 1);
  }
  context.globalAlpha = 1;
}
