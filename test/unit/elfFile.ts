import type { ByteSource } from '../../native/elf/bytes.ts';

/** A symbol as an ELF file has it. Its value counts from the image's base. */
export interface PlainSymbol {
  readonly name: string;
  readonly value: number;
  readonly size?: number;
  /** STT_…: 0 no type, 1 object, 2 function, 3 section, 4 file, 6 thread-local. */
  readonly type?: number;
  /** STB_…: 0 local, 1 global, 2 weak. */
  readonly binding?: number;
  /** `text` lies at 0x1000 to 0x2000 of the image, `data` at 0x2000 to 0x3000, and the image ends at 0x4000. */
  readonly section?: number;
  /** In the table of versions, for a dynamic symbol. */
  readonly version?: number;
}

export const text = 1;
export const data = 2;

export interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly base?: bigint;
  readonly type?: number;
  readonly machine?: number;
  readonly bigEndian?: boolean;
  readonly symbols?: readonly PlainSymbol[];
  readonly dynamic?: readonly PlainSymbol[];
  readonly buildId?: string;
}

/** Writes a small ELF file by hand, by elf(5), so that a test can have what no compiler writes. */
export function elfFile(options: ElfOptions): Uint8Array<ArrayBuffer> {
  const { bits = 64, base = 0n, type = 3, machine = 62, symbols, dynamic, buildId } = options;
  const wide = bits === 64;
  const bytes = new Uint8Array(new ArrayBuffer(0x8000));
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: bigint | number): void =>
    wide ? view.setBigUint64(at, BigInt(value), true) : view.setUint32(at, Number(value), true);
  const w = bits / 8;
  bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, options.bigEndian === true ? 2 : 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);

  // What is not loaded begins behind what is.
  let at = 0x3000;
  const put = (content: Uint8Array): { offset: number; bytes: number } => {
    const offset = at;
    bytes.set(content, at);
    at = Math.ceil((at + content.length) / 8) * 8;
    return { offset, bytes: content.length };
  };
  interface Header {
    type: number;
    flags?: number;
    address?: bigint;
    offset: number;
    bytes: number;
    link?: number;
  }
  const sections: Header[] = [
    { type: 0, offset: 0, bytes: 0 },
    { type: 1, flags: 6, address: base + 0x1000n, offset: 0x1000, bytes: 0x1000 },
    { type: 1, flags: 3, address: base + 0x2000n, offset: 0x2000, bytes: 0x1000 },
  ];
  const table = (kind: 2 | 11, list: readonly PlainSymbol[]): void => {
    const names = Buffer.from(`\0${list.map(({ name }) => `${name}\0`).join('')}`);
    const entry = wide ? 24 : 16;
    const entries = new DataView(new ArrayBuffer((list.length + 1) * entry));
    const versions = new DataView(new ArrayBuffer((list.length + 1) * 2));
    let nameAt = 1;
    list.forEach((symbol, i) => {
      const from = (i + 1) * entry;
      const value = base + BigInt(symbol.value);
      entries.setUint32(from, nameAt, true);
      entries.setUint8(from + (wide ? 4 : 12), ((symbol.binding ?? 1) << 4) | (symbol.type ?? 2));
      entries.setUint16(from + (wide ? 6 : 14), symbol.section ?? text, true);
      if (wide) entries.setBigUint64(from + 8, BigInt.asUintN(64, value), true);
      else entries.setUint32(from + 4, Number(BigInt.asUintN(32, value)), true);
      if (wide) entries.setBigUint64(from + 16, BigInt(symbol.size ?? 0), true);
      else entries.setUint32(from + 8, symbol.size ?? 0, true);
      versions.setUint16((i + 1) * 2, symbol.version ?? 1, true);
      nameAt += Buffer.byteLength(symbol.name) + 1;
    });
    sections.push({ type: kind, ...put(new Uint8Array(entries.buffer)), link: sections.length + 1 });
    sections.push({ type: 3, ...put(names) });
    if (kind === 11) sections.push({ type: 0x6fff_ffff, ...put(new Uint8Array(versions.buffer)) });
  };
  if (symbols !== undefined) table(2, symbols);
  if (dynamic !== undefined) table(11, dynamic);
  if (buildId !== undefined) {
    const note = Buffer.from(`040000000000000003000000474e5500${buildId}`, 'hex');
    note.writeUInt32LE(buildId.length / 2, 4);
    sections.push({ type: 7, ...put(note) });
  }

  word(24 + w, wide ? 64 : 52);
  word(24 + 2 * w, at);
  const counts = wide ? 54 : 42;
  const program = wide ? 56 : 32;
  const header = wide ? 64 : 40;
  [program, 3, header, sections.length].forEach((count, i) => view.setUint16(counts + i * 2, count, true));
  const segments = [
    { flags: 4, offset: 0, file: 0x1000, memory: 0x1000 },
    { flags: 5, offset: 0x1000, file: 0x1000, memory: 0x1000 },
    { flags: 6, offset: 0x2000, file: 0x1000, memory: 0x2000 },
  ];
  segments.forEach(({ flags, offset, file, memory }, i) => {
    const from = (wide ? 64 : 52) + i * program;
    view.setUint32(from, 1, true);
    view.setUint32(from + (wide ? 4 : 24), flags, true);
    word(from + (wide ? 8 : 4), offset);
    word(from + (wide ? 16 : 8), base + BigInt(offset));
    word(from + (wide ? 32 : 16), file);
    word(from + (wide ? 40 : 20), memory);
  });
  sections.forEach((section, i) => {
    const from = at + i * header;
    view.setUint32(from + 4, section.type, true);
    word(from + 8, section.flags ?? 0);
    word(from + 8 + w, section.address ?? 0n);
    word(from + 8 + 2 * w, section.offset);
    word(from + 8 + 3 * w, section.bytes);
    view.setUint32(from + 8 + 4 * w, section.link ?? 0, true);
  });
  return bytes.slice(0, at + sections.length * header);
}

/** An array as what an ELF file is read from. */
export function arraySource(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    read(offset, into) {
      if (offset < 0 || offset + into.length > bytes.length) throw new RangeError('read past the end');
      into.set(bytes.subarray(offset, offset + into.length));
      return true;
    },
  };
}
