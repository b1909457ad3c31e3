import { symbolsMax, symbolStringBytesMax } from '../../common/limits.ts';
import { isInside, pieceOf, type ByteSource } from './bytes.ts';
import { SectionFlag, SectionType, type Elf, type Section } from './elf.ts';
import { emptySymbolTable, Trait, type SymbolTable } from './symbolTable.ts';
import { settleNames } from './settleNames.ts';

/*
 * Symbol tables by elf(5): 24 bytes a symbol in a file of 64 bits, 16 in one of 32. They are read in pieces with a `yield`
 * after each, about a millisecond, so that the thread can do something else. Only sorting, by place and then by name, is one
 * piece each: 100,000 symbols take it 5 ms, two million 130 ms.
 */

/** A file with the sections that its symbols are in; they may lie in another one than what is loaded. */
export interface SymbolFile {
  readonly source: ByteSource;
  readonly sections: readonly Section[];
}

const pieceEntries = 8192;
const pieceBytes = 1024 * 1024;

const STT_NOTYPE = 0;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const STB_WEAK = 2;
const SHN_LORESERVE = 0xff00;
const SHN_XINDEX = 0xffff;
const EM_ARM = 40;
/** A version that is not the one to link with, in the table of versions (LSB 5, symbol versioning). */
const VERSYM_HIDDEN = 0x8000;

/** Reads all symbol tables of some files as one, in steps; a reason, as a sentence, where that fails. They are of the same image, whose headers `elf` are. */
export function* readSymbols(elf: Elf, files: readonly SymbolFile[]): Generator<void, SymbolTable | string> {
  const entryBytes = elf.is64 ? 24 : 16;
  const parts = files.flatMap((file) => tablesOf(file, entryBytes));
  const entries = parts.reduce((sum, { count }) => sum + count, 0);
  if (entries > symbolsMax) return `It has more than ${symbolsMax} symbols, which is not supported.`;
  const stringBytes = parts.reduce((sum, { strings }) => sum + strings.bytes + 1, 1);
  if (stringBytes > symbolStringBytesMax)
    return `The names of its symbols are longer than ${symbolStringBytesMax} bytes, which is not supported.`;
  if (entries === 0) return emptySymbolTable;

  const kept = createKept(elf, entries, stringBytes);
  let stringsAt = 1;
  for (const part of parts) {
    const { file, strings, count, symbols } = part;
    for (let from = 0; from < strings.bytes; from += pieceBytes) {
      const to = Math.min(strings.bytes, from + pieceBytes);
      if (!file.source.read(strings.offset + from, kept.strings.subarray(stringsAt + from, stringsAt + to)))
        return 'It could not be read to its end.';
      yield;
    }
    for (let from = 0; from < count; from += pieceEntries) {
      const length = Math.min(count - from, pieceEntries);
      const piece = pieceOf(file.source, symbols.offset + from * entryBytes, length * entryBytes);
      if (piece === undefined) return 'It could not be read to its end.';
      const versions = part.versions && pieceOf(file.source, part.versions.offset + from * 2, length * 2);
      kept.add(piece, length, part, stringsAt, versions);
      yield;
    }
    stringsAt += strings.bytes + 1;
  }
  return yield* kept.sorted();
}

interface Part {
  readonly file: SymbolFile;
  readonly symbols: Section;
  readonly strings: Section;
  readonly versions: Section | undefined;
  readonly count: number;
}

/** A file has one table of each kind at most, by the gABI; more would be there to keep us busy. */
function tablesOf(file: SymbolFile, entryBytes: number): Part[] {
  const isHere = ({ offset, bytes }: Section): boolean => isInside(file.source, offset, bytes);
  const find = (type: number): Section | undefined => file.sections.find((section) => section.type === type);
  return [SectionType.symbols, SectionType.dynamicSymbols].flatMap((type) => {
    const symbols = find(type);
    const strings = symbols && file.sections[symbols.link];
    if (symbols === undefined || strings?.type !== SectionType.strings) return [];
    if (!isHere(symbols) || !isHere(strings)) return [];
    const versions = type === SectionType.dynamicSymbols ? find(SectionType.versions) : undefined;
    return [{ file, symbols, strings, versions, count: Math.floor(symbols.bytes / entryBytes) }];
  });
}

/** Takes symbols in the order of the file and gives them in that of their places. */
function createKept(elf: Elf, entries: number, stringBytes: number) {
  const { is64, imageBytes } = elf;
  const baseLow = Number(elf.base & 0xffff_ffffn);
  const baseHigh = Number(elf.base >> 32n);
  const strings = new Uint8Array(new ArrayBuffer(stringBytes));
  // The place above, the row below, in 64 bits: sorted as plain numbers, which is ten times as fast as by a comparison.
  const keys = new BigUint64Array(new ArrayBuffer(entries * 8));
  const words = new Uint32Array(keys.buffer);
  const ends = new Float64Array(entries);
  const names = new Uint32Array(entries);
  const traits = new Uint8Array(entries);
  let count = 0;

  function add(table: DataView, length: number, part: Part, stringsAt: number, versions: DataView | undefined): void {
    for (let i = 0, at = 0; i < length; i++, at += is64 ? 24 : 16) {
      const kind = table.getUint8(at + (is64 ? 4 : 12));
      const type = kind & 15;
      if (type !== STT_FUNC && type !== STT_OBJECT && type !== STT_NOTYPE && type !== STT_GNU_IFUNC) continue;
      const name = table.getUint32(at, true);
      const first = name < part.strings.bytes ? strings[stringsAt + name] : 0;
      if (first === 0) continue;
      const index = table.getUint16(at + (is64 ? 6 : 14), true);
      // SHN_XINDEX: a section past what 16 bits can say. Others that high are no sections: SHN_ABS, SHN_COMMON. Section 0,
      // of what is undefined, is not loaded.
      const section = index < SHN_LORESERVE ? part.file.sections[index] : index === SHN_XINDEX ? anySection : undefined;
      if (section === undefined || (section.flags & SectionFlag.loaded) === 0) continue;
      const binding = kind >> 4;
      if (type === STT_NOTYPE && binding === STB_LOCAL && isMark(first)) continue;

      const valueAt = at + (is64 ? 8 : 4);
      const high = is64 ? table.getUint32(valueAt + 4, true) : 0;
      let place = (high - baseHigh) * 2 ** 32 + (table.getUint32(valueAt, true) - baseLow);
      // The lowest bit of a function's value says that it is Thumb code, by the ABI for ARM.
      if (elf.machine === EM_ARM && type === STT_FUNC && place % 2 === 1) place--;
      if (!(place >= 0 && place <= imageBytes)) continue;
      const size = is64
        ? table.getUint32(at + 20, true) * 2 ** 32 + table.getUint32(at + 16, true)
        : table.getUint32(at + 8, true);
      // A label in code stands for what follows it; `_end` and its like, which the linker makes, for one address.
      const isOpen = size === 0 && (type !== STT_NOTYPE || (section.flags & SectionFlag.execute) !== 0);
      const isOld = ((versions?.getUint16(i * 2, true) ?? 0) & VERSYM_HIDDEN) !== 0;

      words[count * 2] = (place % rowShare) * symbolsMax + count;
      words[count * 2 + 1] = Math.floor(place / rowShare);
      ends[count] = Math.min(imageBytes, isOpen ? section.endPlace : place + size);
      names[count] = stringsAt + name;
      traits[count] =
        (binding === STB_LOCAL ? Trait.local : binding === STB_WEAK ? Trait.weak : 0) |
        (isOld ? Trait.oldVersion : 0) |
        (type === STT_NOTYPE ? Trait.untyped : 0) |
        (size === 0 ? Trait.sizeless : 0);
      count++;
    }
  }

  function* sorted(): Generator<void, SymbolTable> {
    const order = keys.subarray(0, count).sort();
    yield;
    const table = {
      places: new Float64Array(count),
      ends: new Float64Array(count),
      reaches: new Float64Array(count),
      names: new Uint32Array(count),
      traits: new Uint8Array(count),
      strings,
    };
    let place = Infinity;
    let next = Infinity;
    for (let i = order.length - 1; i >= 0; i--) {
      const low = words[i * 2] as number;
      const row = low % symbolsMax;
      const here = (words[i * 2 + 1] as number) * rowShare + Math.floor(low / symbolsMax);
      if (here < place) next = place;
      place = here;
      const end = ends[row] as number;
      const isSizeless = ((traits[row] as number) & Trait.sizeless) !== 0;
      table.places[i] = here;
      table.ends[i] = isSizeless ? Math.min(end, next) : end;
      table.names[i] = names[row] as number;
      table.traits[i] = traits[row] as number;
      if (i % pieceEntries === 0) yield;
    }
    let reach = 0;
    for (let i = 0; i < count; i++) table.reaches[i] = reach = Math.max(reach, table.ends[i] as number);
    yield* settleNames(table, keys);
    return table;
  }

  return { strings, add, sorted };
}

/** What is left of a 32-bit word when the row has its share. */
const rowShare = 2 ** 32 / symbolsMax;

/** A section that is not known: loaded, and as long as the image. */
const anySection: Pick<Section, 'flags' | 'endPlace'> = { flags: SectionFlag.loaded, endPlace: Infinity };

/** `$x` and `$d` of ARM and RISC-V tell code from data; `.L1` is a label that the assembler could not do without. */
function isMark(first: number | undefined): boolean {
  return first === 0x24 || first === 0x2e;
}
