import { addressCharacters, byteSpan, columnGap, groupCharacters, groupGap, type RowFormat } from './format.ts';

/** Where things stand in a row, in CSS pixels. */
export interface Geometry {
  readonly characterWidth: number;
  readonly rowHeight: number;
  readonly addressX: number;
  readonly bytesX: number;
  readonly textX: number;
  readonly width: number;
  groupX(group: number): number;
  /** The byte of a row, in the bytes column: left edge and width. */
  byteBox(index: number): readonly [x: number, width: number];
  textBox(index: number): readonly [x: number, width: number];
  /** The byte and column at a distance from the left; the nearest one where it is between two. */
  hit(x: number): { readonly column: 'bytes' | 'text'; readonly index: number };
}

const paddingX = 10;

export function createGeometry(format: RowFormat, characterWidth: number, rowHeight: number): Geometry {
  const bytesX = paddingX + (addressCharacters + columnGap) * characterWidth;
  const groupWidth = (groupCharacters(format) + groupGap) * characterWidth;
  const textX = bytesX + format.groups * groupWidth - groupGap * characterWidth + (columnGap - 1) * characterWidth;
  const groupX = (group: number): number => bytesX + group * groupWidth;

  function byteBox(index: number): readonly [number, number] {
    const [from, to] = byteSpan(format, index % 8);
    return [groupX(Math.floor(index / 8)) + from * characterWidth, (to - from) * characterWidth];
  }

  return {
    characterWidth,
    rowHeight,
    addressX: paddingX,
    bytesX,
    textX,
    width: textX + format.bytesPerRow * characterWidth + paddingX,
    groupX,
    byteBox,
    textBox: (index) => [textX + index * characterWidth, characterWidth],
    hit(x) {
      if (x >= textX - characterWidth / 2) {
        const index = Math.floor((x - textX) / characterWidth);
        return { column: 'text', index: Math.max(0, Math.min(format.bytesPerRow - 1, index)) };
      }
      let best = 0;
      let distance = Infinity;
      for (let i = 0; i < format.bytesPerRow; i++) {
        const [left, width] = byteBox(i);
        const away = x < left ? left - x : x > left + width ? x - left - width : 0;
        if (away < distance) {
          distance = away;
          best = i;
        }
      }
      return { column: 'bytes', index: best };
    },
  };
}
