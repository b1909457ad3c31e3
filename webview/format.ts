import { printValue, unitBytes, unitWidth, type ByteOrder, type TextEncoding, type Unit } from '../common/value.ts';

/** How one row of bytes is laid out in characters; shared by the text, the canvases and the mouse. */
export interface RowFormat {
  readonly bytesPerRow: number;
  /** Hex digits of an address: 16, or 8 for a program of 32 bits. */
  readonly addressCharacters: number;
  readonly unit: Unit;
  readonly byteOrder: ByteOrder;
  readonly textEncoding: TextEncoding;
  readonly unitBytes: number;
  /** Characters of one unit, without the space before it. */
  readonly unitCharacters: number;
  /** Groups of eight bytes stand apart; each is one text node. */
  readonly groups: number;
  readonly unitsPerGroup: number;
}

export function createRowFormat(
  bytesPerRow: number,
  unit: Unit,
  byteOrder: ByteOrder,
  textEncoding: TextEncoding,
  addressCharacters = 16,
): RowFormat {
  const size = unitBytes(unit);
  return {
    bytesPerRow,
    addressCharacters,
    unit,
    byteOrder,
    textEncoding,
    unitBytes: size,
    unitCharacters: unitWidth(unit),
    groups: bytesPerRow / 8,
    unitsPerGroup: 8 / size,
  };
}

/** Characters of a group of eight bytes, with the space that ends it. */
export function groupCharacters(format: RowFormat): number {
  return format.unitsPerGroup * (format.unitCharacters + 1);
}

/** Where byte `index` of a row stands, in characters from the left of the bytes column: [from, to). Gaps not counted. */
export function byteSpan(format: RowFormat, index: number): readonly [from: number, to: number] {
  const unit = Math.floor(index / format.unitBytes);
  const from = unit * (format.unitCharacters + 1);
  if (format.unitBytes === 1 || !format.unit.startsWith('hex')) return [from, from + format.unitCharacters];
  // In a hexadecimal unit each byte has its own two digits, in the order they are read.
  const inside = index % format.unitBytes;
  const digit = format.byteOrder === 'little' ? format.unitBytes - 1 - inside : inside;
  return [from + digit * 2, from + digit * 2 + 2];
}

const hexByte: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0') + ' ');

/** The text of group `group` of the row whose bytes begin at `offset`; ends in a space. */
export function printGroup(
  format: RowFormat,
  bytes: Uint8Array,
  view: DataView,
  offset: number,
  group: number,
): string {
  const from = offset + group * 8;
  let text = '';
  if (format.unit === 'hex8') {
    for (let i = from; i < from + 8; i++) text += hexByte[bytes[i] as number] as string;
    return text;
  }
  for (let i = from; i < from + 8; i += format.unitBytes) {
    text += printValue(view, i, format.unit, format.byteOrder).padStart(format.unitCharacters) + ' ';
  }
  return text;
}

/** A group that cannot be shown: `??` for each byte, or what `mark` says, as wide as the units are. */
export function printMissing(format: RowFormat, mark: string): string {
  const one = format.unit.startsWith('hex') ? mark.repeat(format.unitBytes) : mark;
  return (one.padStart(format.unitCharacters) + ' ').repeat(format.unitsPerGroup);
}

/** What stands for a byte that is no printable character. */
export const unprintable = '.';

const asciiGlyph: readonly string[] = Array.from({ length: 256 }, (_, i) =>
  i >= 0x20 && i < 0x7f ? String.fromCharCode(i) : unprintable,
);

/** One character a byte. */
export function printAscii(bytes: Uint8Array, offset: number, length: number): string {
  let text = '';
  for (let i = offset; i < offset + length; i++) text += asciiGlyph[bytes[i] as number] as string;
  return text;
}

export function isPrintableAscii(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f;
}

/**
 * One cell a byte: the character in the cell of its first byte, an empty string in the cells of the rest of it,
 * `unprintable` elsewhere. `bytes` may reach beyond the row on both sides, so that a character that crosses the row's
 * edge is known for what it is.
 */
export function textCells(
  bytes: Uint8Array,
  from: number,
  length: number,
  encoding: TextEncoding,
  order: ByteOrder,
): string[] {
  switch (encoding) {
    case 'ascii':
      return Array.from({ length }, (_, i) => asciiGlyph[bytes[from + i] ?? 0] as string);
    case 'utf-8':
      return utf8Cells(bytes, from, length);
    case 'utf-16':
      return utf16Cells(bytes, from, length, order);
  }
}

/** Gives a character the cells of its bytes, those of them that are in the row: it may begin before the first or end after the last. */
function putCharacter(cells: string[], at: number, size: number, text: string): void {
  for (let k = Math.max(0, at); k < Math.min(at + size, cells.length); k++) cells[k] = k === at ? text : '';
}

function utf8Cells(bytes: Uint8Array, from: number, length: number): string[] {
  const cells: string[] = new Array<string>(length).fill(unprintable);
  const end = from + length;
  // A character begins at most three bytes before the row.
  let i = Math.max(0, from - 3);
  while (i < end) {
    const size = utf8Length(bytes, i);
    if (size === 0) {
      i++;
      continue;
    }
    const text = utf8Decoder.decode(bytes.subarray(i, i + size));
    putCharacter(cells, i - from, size, printable(text));
    i += size;
  }
  return cells;
}

const utf8Decoder = new TextDecoder();

/** The length of the well-formed UTF-8 sequence at `at`; 0 where there is none. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (size === 0 || at + size > bytes.length) return 0;
  for (let k = 1; k < size; k++) if (((bytes[at + k] as number) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] as number;
  const bad =
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second > 0x9f) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second > 0x8f);
  return bad ? 0 : size;
}

function utf16Cells(bytes: Uint8Array, from: number, length: number, order: ByteOrder): string[] {
  const cells: string[] = new Array<string>(length).fill(unprintable);
  const end = from + length;
  const unitAt = (at: number): number => {
    const [low, high] = order === 'little' ? [bytes[at], bytes[at + 1]] : [bytes[at + 1], bytes[at]];
    return ((high ?? 0) << 8) | (low ?? 0);
  };
  // A surrogate pair begins at most one unit before the row.
  for (let i = from >= 2 ? from - 2 : from; i < end;) {
    const unit = unitAt(i);
    const next = unitAt(i + 2);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000;
    const size = isPair ? 4 : 2;
    const text = printable(isPair ? String.fromCharCode(unit, next) : String.fromCharCode(unit));
    if (text !== unprintable) putCharacter(cells, i - from, size, text);
    i += size;
  }
  return cells;
}

/** Controls, format characters, unassigned and combining marks would break the row; they are dots. */
function printable(text: string): string {
  return /^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]$/u.test(text) ? text : unprintable;
}

/** Row widths that fit: the largest power of two whose columns are no wider than `characters`, at least 8. */
export function fittedBytesPerRow(characters: number, unit: Unit, addressCharacters = 16): 8 | 16 | 32 | 64 {
  for (const bytesPerRow of [64, 32, 16] as const) {
    if (rowCharacters(createRowFormat(bytesPerRow, unit, 'little', 'ascii', addressCharacters)) <= characters)
      return bytesPerRow;
  }
  return 8;
}

/** Characters between two columns, and between two groups of eight. */
export const columnGap = 2;
export const groupGap = 1;

/** Characters of a whole row: address, bytes, text, and the gaps between. */
export function rowCharacters(format: RowFormat): number {
  return (
    format.addressCharacters +
    columnGap +
    format.groups * groupCharacters(format) +
    (format.groups - 1) * groupGap +
    columnGap +
    format.bytesPerRow
  );
}
