import { byteSpan, columnGap, groupCharacters, groupGap, type RowFormat } from './format.ts';

export interface Edges {
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** Where things stand in a row, in CSS pixels. */
export interface Geometry {
  readonly characterWidth: number;
  readonly rowHeight: number;
  readonly addressX: number;
  readonly bytesX: number;
  readonly textX: number;
  readonly width: number;
  /** Left and right edge of each byte of a row, in either column. */
  readonly bytes: Edges;
  readonly text: Edges;
  /** The byte and column at a distance from the left; the nearest one where it is between two. */
  hit(x: number): { readonly column: 'bytes' | 'text'; readonly index: number };
}

const paddingX = 10;

export function createGeometry(format: RowFormat, characterWidth: number, rowHeight: number): Geometry {
  const bytesX = paddingX + (format.addressCharacters + columnGap) * characterWidth;
  const groupWidth = (groupCharacters(format) + groupGap) * characterWidth;
  const textX = bytesX + format.groups * groupWidth - groupGap * characterWidth + (columnGap - 1) * characterWidth;

  const bytes = { left: new Float64Array(format.bytesPerRow), right: new Float64Array(format.bytesPerRow) };
  const text = { left: new Float64Array(format.bytesPerRow), right: new Float64Array(format.bytesPerRow) };
  for (let i = 0; i < format.bytesPerRow; i++) {
    const [from, to] = byteSpan(format, i % 8);
    const groupX = bytesX + Math.floor(i / 8) * groupWidth;
    bytes.left[i] = groupX + from * characterWidth;
    bytes.right[i] = groupX + to * characterWidth;
    text.left[i] = textX + i * characterWidth;
    text.right[i] = textX + (i + 1) * characterWidth;
  }

  return {
    characterWidth,
    rowHeight,
    addressX: paddingX,
    bytesX,
    textX,
    width: textX + format.bytesPerRow * characterWidth + paddingX,
    bytes,
    text,
    hit(x) {
      if (x >= textX - characterWidth / 2) {
        const index = Math.floor((x - textX) / characterWidth);
        return { column: 'text', index: Math.max(0, Math.min(format.bytesPerRow - 1, index)) };
      }
      let best = 0;
      let distance = Infinity;
      for (let i = 0; i < format.bytesPerRow; i++) {
        const left = bytes.left[i] as number;
        const right = bytes.right[i] as number;
        const away = x < left ? left - x : x > right ? x - right : 0;
        if (away < distance) {
          distance = away;
          best = i;
        }
      }
      return { column: 'bytes', index: best };
    },
  };
}
