import { type Boxes, collectRuns } from './boxes.ts';
import type { RowFormat } from './format.ts';
import type { Geometry } from './geometry.ts';
import { tintCount, type PageNames } from './names.ts';
import type { Theme } from './theme.ts';

/** The bytes that variables lie in, as one drawing collects them. */
export interface CollectedTints {
  /** By tint. */
  readonly fills: readonly Boxes[];
  /** Left edges of first bytes, two numbers each, by tint. */
  readonly begins: readonly number[][];
}

export function createCollectedTints(): CollectedTints {
  const lists = (): number[][] => Array.from({ length: tintCount + 1 }, () => []);
  return { fills: lists(), begins: lists() };
}

export function clearTints({ fills, begins }: CollectedTints): void {
  for (const list of [...fills, ...begins]) list.length = 0;
}

/** Collects one row; `tints` gets the tint of each of its bytes, for what is drawn over them. */
export function collectTints(
  to: CollectedTints,
  names: PageNames,
  offset: number,
  { format, geometry }: { readonly format: RowFormat; readonly geometry: Geometry },
  y: number,
  tints: Uint8Array,
): void {
  const count = format.bytesPerRow;
  let any = false;
  for (let i = 0; i < count; i++) {
    tints[i] = names.tints[offset + i] as number;
    any ||= tints[i] !== 0;
  }
  if (!any) return;
  // The text column has no gaps.
  collectRuns(tints, count, geometry.text, y, to.fills, count);
  collectRuns(tints, count, geometry.bytes, y, to.fills);
  for (let i = 0; i < count; i++) {
    if (names.begins[offset + i] !== 1) continue;
    for (const { left } of [geometry.bytes, geometry.text]) to.begins[tints[i] as number]?.push(left[i] as number, y);
  }
}

/** Fills, or outlines where the theme has high contrast: a fill would take that away. */
export function drawTints(
  context: CanvasRenderingContext2D,
  { fills }: CollectedTints,
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  fills.forEach((boxes, tint) => {
    if (tint === 0 || boxes.length === 0) return;
    context.fillStyle = theme.tints[tint - 1] ?? '';
    context.strokeStyle = theme.edges[tint - 1] ?? '';
    context.lineWidth = 1;
    for (let i = 0; i < boxes.length; i += 3) {
      const [left, top, width] = [boxes[i] as number, boxes[i + 1] as number, boxes[i + 2] as number];
      if (theme.outline === '') context.fillRect(left - 1, top, width + 2, rowHeight);
      else context.strokeRect(Math.round(left) - 0.5, top + 1.5, Math.round(width) + 1, rowHeight - 3);
    }
  });
}

/** An edge where a variable begins, also inside a selection. */
export function drawBegins(
  context: CanvasRenderingContext2D,
  { begins }: CollectedTints,
  { rowHeight }: Geometry,
  theme: Theme,
): void {
  begins.forEach((places, tint) => {
    if (tint === 0 || places.length === 0) return;
    context.fillStyle = theme.edges[tint - 1] ?? '';
    for (let i = 0; i < places.length; i += 2) {
      context.fillRect(Math.round(places[i] as number) - 1, (places[i + 1] as number) + 1, 1, rowHeight - 2);
    }
  });
}
