import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { units } from '../../common/value.ts';
import {
  byteSpan,
  createRowFormat,
  fittedBytesPerRow,
  groupCharacters,
  printAscii,
  printGroup,
  printMissing,
  rowCharacters,
  textCells,
} from '../../webview/format.ts';

const bytes = Uint8Array.from({ length: 64 }, (_, i) => i * 5);
const view = new DataView(bytes.buffer);

describe('format', () => {
  test('printGroup() prints bytes as two digits each, separated by single spaces', () => {
    const format = createRowFormat(16, 'hex8', 'little', 'ascii');
    expect(printGroup(format, bytes, view, 0, 0) + printGroup(format, bytes, view, 0, 1)).toBe(
      '00 05 0a 0f 14 19 1e 23 28 2d 32 37 3c 41 46 4b ',
    );
  });

  test('printGroup() and printMissing() are as wide as the columns say, for every unit', () => {
    for (const unit of units) {
      const format = createRowFormat(16, unit, 'big', 'ascii');
      expect(printGroup(format, bytes, view, 16, 1)).toHaveLength(groupCharacters(format));
      expect(printMissing(format, '??')).toHaveLength(groupCharacters(format));
      expect(printMissing(format, '??')).not.toMatch(/\d/);
    }
  });

  test('byteSpan() finds the two digits of each byte of a hexadecimal unit, in both byte orders', () => {
    for (const order of ['little', 'big'] as const) {
      for (const unit of ['hex8', 'hex16', 'hex32', 'hex64'] as const) {
        const format = createRowFormat(8, unit, order, 'ascii');
        const text = printGroup(format, bytes, view, 8, 0);
        for (let i = 0; i < 8; i++) {
          const [from, to] = byteSpan(format, i);
          expect(text.slice(from, to)).toBe((bytes[8 + i] as number).toString(16).padStart(2, '0'));
        }
      }
    }
  });

  test('fittedBytesPerRow() falls back to 8 on a narrow panel and never overflows a wider one', () => {
    expect(fittedBytesPerRow(20, 'hex8')).toBe(8);
    for (let characters = 70; characters < 400; characters += 7) {
      const fitted = fittedBytesPerRow(characters, 'hex8');
      if (fitted > 8)
        expect(rowCharacters(createRowFormat(fitted, 'hex8', 'little', 'ascii'))).toBeLessThanOrEqual(characters);
    }
  });

  test('printAscii() prints one character a byte and a dot for what is not printable', () => {
    expect(printAscii(Uint8Array.of(0x48, 0, 0x7f, 0x7e, 0xe9, 0x20), 0, 6)).toBe('H..~. ');
  });

  test('textCells() in UTF-8 gives each character the cells of its bytes', () => {
    const text = new TextEncoder().encode('aé漢😀.');
    expect(textCells(text, 0, text.length, 'utf-8', 'little')).toEqual([
      'a',
      'é',
      '',
      '漢',
      '',
      '',
      '😀',
      '',
      '',
      '',
      '.',
    ]);
  });

  test('textCells() in UTF-8 knows a character that began before the row', () => {
    const text = new TextEncoder().encode('漢x');
    expect(textCells(text, 2, 2, 'utf-8', 'little')).toEqual(['', 'x']);
  });

  test('textCells() in UTF-16 reads both byte orders and surrogate pairs', () => {
    const little = Uint8Array.of(0x48, 0, 0x3d, 0xd8, 0x00, 0xde, 0, 0);
    expect(textCells(little, 0, 8, 'utf-16', 'little')).toEqual(['H', '', '😀', '', '', '', '.', '.']);
    expect(textCells(Uint8Array.of(0, 0x48), 0, 2, 'utf-16', 'big')).toEqual(['H', '']);
  });

  test('textCells() in UTF-16 knows a surrogate pair that crosses an edge of the row', () => {
    const pair = Uint8Array.of(0x3d, 0xd8, 0x00, 0xde, 0x48, 0);
    expect(textCells(pair, 0, 2, 'utf-16', 'little')).toEqual(['😀', '']);
    expect(textCells(pair, 2, 4, 'utf-16', 'little')).toEqual(['', '', 'H', '']);
    // Half a pair is no character.
    expect(textCells(pair.subarray(2), 0, 4, 'utf-16', 'little')).toEqual(['.', '.', 'H', '']);
    expect(textCells(pair.subarray(0, 2), 0, 2, 'utf-16', 'little')).toEqual(['.', '.']);
    expect(textCells(pair.subarray(4), 0, 1, 'utf-16', 'little')).toEqual(['H']);
  });

  test('textCells() in UTF-16 shows no combining mark and no tag of the planes beyond the first', () => {
    // U+102E0 COPTIC EPACT THOUSANDS MARK and U+E0041 TAG LATIN CAPITAL LETTER A.
    for (const units of [
      [0xd800, 0xdee0],
      [0xdb40, 0xdc41],
    ]) {
      const bytes = new Uint8Array(Uint16Array.from(units).buffer);
      expect(textCells(bytes, 0, 4, 'utf-16', 'little')).toEqual(['.', '.', '.', '.']);
    }
  });

  test('textCells() always gives one cell a byte, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ minLength: 24, maxLength: 24 }),
          // Characters of all planes, in both of what they are written in.
          fc
            .tuple(fc.string({ unit: 'binary', minLength: 6 }), fc.constantFrom('utf8' as const, 'utf16le' as const))
            .map(([text, written]) => Uint8Array.from({ ...Array.from(Buffer.from(text, written)), length: 24 })),
        ),
        fc.constantFrom('ascii' as const, 'utf-8' as const, 'utf-16' as const),
        (input, encoding) => {
          const cells = textCells(input, 4, 16, encoding, 'little');
          expect(cells).toHaveLength(16);
          // However wide the rows are.
          const halves = [4, 12].flatMap((from) => textCells(input, from, 8, encoding, 'little'));
          expect(cells).toEqual(halves);
          // No control or direction mark may reach the page, where it would disorder the row.
          expect(cells.join('')).not.toMatch(/[\p{C}\p{M}\p{Zl}\p{Zp}]/u);
        },
      ),
    );
  });
});
