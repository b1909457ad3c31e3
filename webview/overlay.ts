import type { Boxes } from './boxes.ts';
import type { Geometry } from './geometry.ts';
import { writtenMark } from './glow.ts';
import { clearLook, collectLook, createLook, sameLook, type Look, type LookInput } from './look.ts';
import { drawMarks, drawPlanted } from './marks.ts';
import type { RowSlot } from './rows.ts';
import type { Theme } from './theme.ts';
import { drawBegins, drawTints } from './tints.ts';

/**
 * The two canvases: what is drawn under the text (variables, selection, glow, underlines) and over it (the wash that dims `00`
 * and dots, the caret's outlines, the tabs of registers). Drawing there costs a third of what styling the text itself costs: see
 * test/bench/renderers. Only rows that look otherwise than they did are drawn: what is drawn is composed with all that lies
 * under and over it, which costs a browser without a graphics card more than the drawing.
 */
export interface Overlay {
  /** Clears it; also to be called when the theme, the geometry or the format has changed. */
  resize(width: number, height: number): void;
  /** Draws what differs from before; answers whether anything glows, so that it must be drawn again soon. */
  draw(input: OverlayInput): boolean;
}

export interface OverlayInput extends LookInput {
  readonly slots: readonly RowSlot[];
  readonly theme: Theme;
}

/** The looks of one row: what the canvases show, and what they are to show. */
interface Drawn {
  shown: Look;
  next: Look;
  isOld: boolean;
}

export function createOverlay(under: HTMLCanvasElement, over: HTMLCanvasElement): Overlay {
  const below = contextOf(under);
  const above = contextOf(over);
  const rows: Drawn[] = [];
  let scale = 1;

  /** Answers whether any of it glows. */
  function collect(input: OverlayInput): boolean {
    let hot = false;
    // A row that has gone out of sight keeps its look, as the canvases keep it.
    for (const row of rows) row.isOld = false;
    input.slots.forEach((slot, index) => {
      const row = (rows[index] ??= { shown: createLook(), next: createLook(), isOld: false });
      clearLook(row.next);
      if (collectLook(row.next, slot, input, index * input.geometry.rowHeight)) hot = true;
      row.isOld = !sameLook(row.shown, row.next);
    });
    // A tab reaches into the row above its own.
    for (let i = rows.length - 1; i > 0; i--) {
      const { isOld, shown, next } = rows[i] as Drawn;
      if (isOld && shown.marks.length + next.marks.length > 0) (rows[i - 1] as Drawn).isOld = true;
    }
    for (const row of rows) if (row.isOld) [row.shown, row.next] = [row.next, row.shown];
    return hot;
  }

  /** Draws the rows from `first` to `last` anew, and nothing outside them. */
  function drawRows(first: number, last: number, { geometry, theme }: OverlayInput): void {
    const top = Math.floor(first * geometry.rowHeight * scale);
    const bottom = Math.ceil((last + 1) * geometry.rowHeight * scale);
    // A pixel may belong to two rows where a row is no whole number of them high; and the row below may have a tab.
    const looks = rows.slice(Math.max(0, first - 1), last + 2).map(({ shown }) => shown);
    for (const context of [below, above]) {
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.beginPath();
      context.rect(0, top, under.width, bottom - top);
      context.clip();
      context.clearRect(0, top, under.width, bottom - top);
      context.setTransform(scale, 0, 0, scale, 0, 0);
    }
    for (const look of looks) {
      drawTints(below, look.tints, geometry, theme);
      drawSelection(below, look.selected, geometry, theme);
      drawGlow(below, look.glow, geometry, theme);
      drawBegins(below, look.tints, geometry, theme);
      drawPlanted(below, look.planted, geometry, theme);
      drawCaret(above, look.caret, geometry, theme);
      drawDim(above, look.dim, geometry, theme);
    }
    for (const look of looks) drawMarks(above, look.marks, geometry, theme);
    for (const context of [below, above]) context.restore();
  }

  return {
    resize(width, height) {
      scale = devicePixelRatio;
      // Sizing clears them.
      rows.length = 0;
      for (const canvas of [under, over]) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(height * scale);
        canvas.style.width = `${width}px`;
        canvas.style.height = `${height}px`;
      }
    },
    draw(input) {
      const hot = collect(input);
      for (let first = 0; first < rows.length; first++) {
        if (rows[first]?.isOld !== true) continue;
        let last = first;
        while (rows[last + 1]?.isOld === true) last++;
        drawRows(first, last, input);
        first = last;
      }
      return hot;
    },
  };
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no canvas');
  return context;
}

const glowAlpha = [0, 0.45, 0.32, 0.2, 0.1, 0.3, 0.3] as const;

function drawGlow(
  context: CanvasRenderingContext2D,
  glow: readonly Boxes[],
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  glow.forEach((boxes, mark) => {
    if (boxes.length === 0) return;
    const alpha = glowAlpha[mark] ?? 0;
    context.fillStyle = mark === writtenMark ? theme.written : theme.changed;
    context.globalAlpha = alpha;
    for (let i = 0; i < boxes.length; i += 3) {
      context.fillRect((boxes[i] as number) - 1, boxes[i + 1] as number, (boxes[i + 2] as number) + 2, rowHeight);
    }
    context.globalAlpha = Math.min(1, alpha * 2);
    // An own write is underlined twice as thick: it differs in shape as well as in colour.
    const thick = mark === writtenMark ? 2 : 1;
    const underline = rowHeight - 1 - thick;
    for (let i = 0; i < boxes.length; i += 3) {
      context.fillRect(boxes[i] as number, (boxes[i + 1] as number) + underline, boxes[i + 2] as number, thick);
    }
  });
  context.globalAlpha = 1;
}

/** Washes `00` and dots with the colour that they stand on. */
function drawDim(
  context: CanvasRenderingContext2D,
  dim: readonly Boxes[],
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  if (theme.dim === 0) return;
  context.globalAlpha = theme.dim;
  dim.forEach((boxes, on) => {
    if (boxes.length === 0) return;
    context.fillStyle = on === 1 ? theme.background : (theme.tints[on - 2] ?? '');
    for (let i = 0; i < boxes.length; i += 3) {
      // One pixel short at top and bottom, so that an underline or a neighbour's outline is not washed.
      context.fillRect(boxes[i] as number, (boxes[i + 1] as number) + 1, boxes[i + 2] as number, rowHeight - 2);
    }
  });
  context.globalAlpha = 1;
}

function drawSelection(
  context: CanvasRenderingContext2D,
  selected: Look['selected'],
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  selected.forEach((boxes, which) => {
    for (let i = 0; i < boxes.length; i += 3) {
      const [left, y, width] = [boxes[i] as number, boxes[i + 1] as number, boxes[i + 2] as number];
      if (theme.outline !== '') {
        context.strokeStyle = theme.outline;
        context.lineWidth = 1;
        context.strokeRect(left - 0.5, y + 0.5, width + 1, rowHeight - 1);
      } else {
        context.fillStyle = theme.selection;
        context.globalAlpha = which === 0 ? 1 : 0.6;
        context.fillRect(left - 1, y, width + 2, rowHeight);
        context.globalAlpha = 1;
      }
    }
  });
}

function drawCaret(
  context: CanvasRenderingContext2D,
  caret: Look['caret'],
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  context.strokeStyle = theme.caret;
  context.lineWidth = 1;
  caret.forEach((boxes, which) => {
    context.globalAlpha = which === 0 ? 1 : 0.5;
    for (let i = 0; i < boxes.length; i += 3) {
      const [left, y, width] = [boxes[i] as number, boxes[i + 1] as number, boxes[i + 2] as number];
      context.strokeRect(Math.round(left) - 1.5, y + 0.5, Math.round(width) + 2, rowHeight - 1);
    }
  });
  context.globalAlpha = 1;
}
