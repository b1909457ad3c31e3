import type { RowFormat } from './format.ts';
import type { Geometry } from './geometry.ts';

/** The headings above the columns: each byte's offset in its row; the caret's is lit. */
export interface Columns {
  show(format: RowFormat, geometry: Geometry): void;
  light(index: number | undefined): void;
}

export function createColumns(element: HTMLElement): Columns {
  let units: HTMLElement[] = [];
  let texts: HTMLElement[] = [];
  let unitBytes = 1;
  let lit: number | undefined;

  function label(text: string, x: number, width: number, className = ''): HTMLElement {
    const span = document.createElement('span');
    span.textContent = text;
    span.className = className;
    span.style.left = `${x}px`;
    span.style.width = `${width}px`;
    return span;
  }

  function light(index: number | undefined): void {
    lit = index;
    for (const span of [...units, ...texts]) span.classList.remove('lit');
    if (index === undefined) return;
    units[Math.floor(index / unitBytes)]?.classList.add('lit');
    texts[index]?.classList.add('lit');
  }

  return {
    show(format, geometry) {
      unitBytes = format.unitBytes;
      units = [];
      for (let i = 0; i < format.bytesPerRow; i += unitBytes) {
        // A unit is as wide as all of its bytes, whichever of them stands first.
        const left = Math.min(...geometry.bytes.left.subarray(i, i + unitBytes));
        const right = Math.max(...geometry.bytes.right.subarray(i, i + unitBytes));
        units.push(label(i.toString(16).padStart(2, '0'), left, right - left, 'unit'));
      }
      texts = Array.from({ length: format.bytesPerRow }, (_, i) => {
        return label((i % 16).toString(16), geometry.text.left[i] ?? 0, geometry.characterWidth);
      });
      element.style.minWidth = `${geometry.width}px`;
      element.replaceChildren(
        label('Address', geometry.addressX, format.addressCharacters * geometry.characterWidth, 'title'),
        ...units,
        ...texts,
      );
      light(lit);
    },
    light,
  };
}
