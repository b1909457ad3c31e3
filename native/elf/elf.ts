import { elfNoteBytesMax, elfNotesMax, elfSectionsMax, elfSegmentsMax, imageBytesMax } from '../../common/limits.ts';
import { pieceOf, type ByteSource } from './bytes.ts';

/*
 * The headers of an ELF file, of 32 or 64 bits, by elf(5) and the System V ABI. Nothing in them is believed: a file that
 * makes no sense gives a reason, and a header that reaches out of the file is left out.
 */

/** A piece of the file as the loader maps it. Offsets and places are bytes; a place counts from the image's base. */
export interface Segment {
  readonly place: number;
  readonly memoryBytes: number;
  readonly offset: number;
  readonly fileBytes: number;
  /** `SegmentFlag` bits. */
  readonly flags: number;
}

export const SegmentFlag = { execute: 1, write: 2, read: 4 } as const;

export interface Section {
  readonly type: number;
  readonly flags: number;
  /** Where it ends in the image; NaN for what is not loaded into it. */
  readonly endPlace: number;
  readonly offset: number;
  readonly bytes: number;
  readonly link: number;
}

export const SectionType = { symbols: 2, strings: 3, note: 7, dynamicSymbols: 11, versions: 0x6fff_ffff } as const;
export const SectionFlag = { loaded: 2, execute: 4 } as const;

export interface Elf {
  readonly is64: boolean;
  readonly machine: number;
  /** Whether it runs at the addresses that it was linked for (ET_EXEC). */
  readonly isFixed: boolean;
  /** The address that it was linked for: that of the first loaded byte. */
  readonly base: bigint;
  /** From the base to the end of the last segment. */
  readonly imageBytes: number;
  /** Those that are loaded. */
  readonly segments: readonly Segment[];
  readonly sections: readonly Section[];
  /** As hexadecimal digits. */
  readonly buildId: string | undefined;
}

const elfMagic = 0x7f45_4c46;
const littleEndian = 1;
const ET_EXEC = 2;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;

/** Reads the headers; a reason, as a sentence, where it is no file that a process runs. */
export function readElf(source: ByteSource): Elf | string {
  const head = pieceOf(source, 0, Math.min(64, source.length));
  if (head === undefined || head.byteLength < 52 || head.getUint32(0) !== elfMagic) return 'It is not an ELF file.';
  const is64 = head.getUint8(4) === 2;
  if ((!is64 && head.getUint8(4) !== 1) || (is64 && head.byteLength < 64)) return 'Its ELF header is damaged.';
  if (head.getUint8(5) !== littleEndian) return 'It is for a big-endian machine, which is not supported.';
  const type = head.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) return 'It is neither a program nor a library.';
  const tables = is64 ? 32 : 28;
  const word = (at: number): number => wordAt(head, at, is64);
  const counts = is64 ? 54 : 42;
  const programs = readPrograms(
    source,
    is64,
    word(tables),
    head.getUint16(counts + 2, true),
    head.getUint16(counts, true),
  );
  const loaded = programs.filter((program) => program.type === PT_LOAD && program.memoryBytes > 0);
  if (loaded.length === 0) return 'It has nothing to load.';
  const base = loaded.reduce((least, { address }) => (address < least ? address : least), loaded[0]?.address ?? 0n);
  const end = loaded.reduce((most, { address, memoryBytes }) => max(most, address + BigInt(memoryBytes)), 0n);
  if (end - base > imageBytesMax) return `It takes more than ${imageBytesMax} bytes of memory, which is not supported.`;
  const sections = readSections(
    source,
    is64,
    word(tables + (is64 ? 8 : 4)),
    head.getUint16(counts + 4, true),
    head.getUint16(counts + 6, true),
    base,
  );
  const notes = [
    // A debug file keeps its sections, and its program headers lead nowhere.
    ...sections.filter((section) => section.type === SectionType.note).map(({ offset, bytes }) => ({ offset, bytes })),
    ...programs
      .filter((program) => program.type === PT_NOTE)
      .map(({ offset, fileBytes: bytes }) => ({ offset, bytes })),
  ];
  return {
    is64,
    machine: head.getUint16(18, true),
    isFixed: type === ET_EXEC,
    base,
    imageBytes: Number(end - base),
    segments: loaded.map(({ address, memoryBytes, offset, fileBytes, flags }) => ({
      place: Number(address - base),
      memoryBytes,
      offset,
      fileBytes: Math.min(fileBytes, memoryBytes),
      flags,
    })),
    sections,
    buildId: buildIdOf(source, notes),
  };
}

interface Program {
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

function readPrograms(source: ByteSource, is64: boolean, at: number, count: number, bytes: number): Program[] {
  // By the gABI headers may be longer than these. No linker makes them so, and long ones are a table without a bound.
  if (bytes !== (is64 ? 56 : 32) || count > elfSegmentsMax) return [];
  const table = pieceOf(source, at, count * bytes);
  if (table === undefined) return [];
  return Array.from({ length: count }, (_, i) => {
    const from = i * bytes;
    const word = (wide: number, narrow: number): number => wordAt(table, from + (is64 ? wide : narrow), is64);
    return {
      type: table.getUint32(from, true),
      flags: table.getUint32(from + (is64 ? 4 : 24), true),
      offset: word(8, 4),
      address: is64 ? table.getBigUint64(from + 16, true) : BigInt(table.getUint32(from + 8, true)),
      fileBytes: word(32, 16),
      memoryBytes: word(40, 20),
    };
  });
}

function readSections(
  source: ByteSource,
  is64: boolean,
  at: number,
  entryBytes: number,
  count: number,
  base: bigint,
): Section[] {
  if (at === 0 || entryBytes !== (is64 ? 64 : 40)) return [];
  // More sections than 16 bits can say: the first one has the number as its size.
  const first = count === 0 ? pieceOf(source, at, entryBytes) : undefined;
  const sections = first === undefined ? count : wordAt(first, is64 ? 32 : 20, is64);
  if (sections > elfSectionsMax) return [];
  const table = pieceOf(source, at, sections * entryBytes);
  if (table === undefined) return [];
  return Array.from({ length: sections }, (_, i) => {
    const from = i * entryBytes;
    const word = (wide: number, narrow: number): number => wordAt(table, from + (is64 ? wide : narrow), is64);
    const flags = word(8, 8);
    const address = is64 ? table.getBigUint64(from + 16, true) : BigInt(table.getUint32(from + 12, true));
    const bytes = word(32, 20);
    return {
      type: table.getUint32(from + 4, true),
      flags,
      endPlace: flags & SectionFlag.loaded ? Number(address - base) + bytes : NaN,
      offset: word(24, 16),
      bytes,
      link: table.getUint32(from + (is64 ? 40 : 24), true),
    };
  });
}

/** A word of the file's own size. Inexact past 2^53, where no file reaches. */
function wordAt(view: DataView, at: number, is64: boolean): number {
  const low = view.getUint32(at, true);
  return is64 ? view.getUint32(at + 4, true) * 2 ** 32 + low : low;
}

/** The note that the linker names a build with: `--build-id` of ld(1). */
function buildIdOf(
  source: ByteSource,
  notes: readonly { readonly offset: number; readonly bytes: number }[],
): string | undefined {
  for (const { offset, bytes } of notes.slice(0, elfNotesMax)) {
    const view = pieceOf(source, offset, Math.min(bytes, elfNoteBytesMax));
    if (view === undefined) continue;
    for (let at = 0; at + 12 <= view.byteLength;) {
      const nameBytes = view.getUint32(at, true);
      const valueBytes = view.getUint32(at + 4, true);
      const valueAt = at + 12 + aligned(nameBytes);
      const isGnu = nameBytes === 4 && at + 16 <= view.byteLength && view.getUint32(at + 12) === 0x474e_5500;
      if (isGnu && view.getUint32(at + 8, true) === NT_GNU_BUILD_ID && valueBytes > 1 && valueBytes <= 64) {
        if (valueAt + valueBytes > view.byteLength) break;
        return Buffer.from(view.buffer, valueAt, valueBytes).toString('hex');
      }
      at = valueAt + aligned(valueBytes);
    }
  }
  return undefined;
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
