import type { MemoryMark } from '../common/names.ts';
import type { Geometry } from './geometry.ts';
import type { Theme } from './theme.ts';

/** A register that points to byte `index` of the row at `y`. */
export interface PlacedMark {
  readonly register: MemoryMark['register'];
  readonly index: number;
  readonly y: number;
}

/** An edge at the byte in both columns, and a tab with the register's name between its row and the one above. */
export function drawMarks(
  context: CanvasRenderingContext2D,
  marks: readonly PlacedMark[],
  { bytes, text, rowHeight }: Geometry,
  theme: Theme,
): void {
  if (marks.length === 0) return;
  // What is free between the digits of two rows.
  const height = Math.round(rowHeight * 0.42);
  const fontPixels = Math.max(7, height - 1);
  context.font = `bold ${fontPixels}px ${theme.markFont}`;
  context.textBaseline = 'middle';
  marks.forEach(({ register, index, y }, i) => {
    const left = Math.round(bytes.left[index] as number) - 2;
    context.fillStyle = theme.marks[register];
    context.fillRect(left, y, 2, rowHeight);
    context.fillRect(Math.round(text.left[index] as number) - 1, y, 2, rowHeight);
    // Two registers may point to one byte: their tabs stand side by side.
    const before = marks.slice(0, i).filter((other) => other.y === y && other.index === index);
    const widthOf = (name: string): number => Math.ceil(context.measureText(name).width) + 6;
    const x = before.reduce((sum, other) => sum + widthOf(other.register) + 1, left);
    const top = y - Math.ceil(height / 2) - 1;
    context.beginPath();
    context.roundRect(x, top, widthOf(register), height, 2);
    context.fill();
    context.fillStyle = theme.markText;
    context.fillText(register, x + 3, top + height / 2 + 0.5);
  });
}

/** Breakpoints that the debugger has planted: boxes of three numbers each, and a dot before each, as editors have. */
export function drawPlanted(
  context: CanvasRenderingContext2D,
  boxes: readonly number[],
  { rowHeight, characterWidth }: Geometry,
  theme: Theme,
): void {
  if (boxes.length === 0) return;
  context.fillStyle = context.strokeStyle = theme.planted;
  context.lineWidth = 1;
  for (let i = 0; i < boxes.length; i += 3) {
    const [left, top, width] = [boxes[i] as number, boxes[i + 1] as number, boxes[i + 2] as number];
    context.globalAlpha = 0.25;
    if (theme.outline === '') context.fillRect(left - 1, top, width + 2, rowHeight);
    context.globalAlpha = 1;
    context.strokeRect(Math.round(left) - 1.5, top + 0.5, Math.round(width) + 2, rowHeight - 1);
    context.beginPath();
    context.arc(left - characterWidth / 2 - 1, top + rowHeight / 2, Math.min(3, characterWidth / 3), 0, 2 * Math.PI);
    context.fill();
  }
}
