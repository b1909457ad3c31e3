export type ByteOrder = 'little' | 'big';
export type TextEncoding = 'ascii' | 'utf-8' | 'utf-16';

/** How the bytes column prints: plain bytes, or groups of a type. */
export const units = [
  'hex8',
  'hex16',
  'hex32',
  'hex64',
  'u8',
  'u16',
  'u32',
  'u64',
  'i8',
  'i16',
  'i32',
  'i64',
  'f32',
  'f64',
  'bin8',
] as const;
export type Unit = (typeof units)[number];

export function unitBytes(unit: Unit): 1 | 2 | 4 | 8 {
  return (Number(unit.replace(/^\D+/, '')) / 8) as 1 | 2 | 4 | 8;
}

const unitCharacters: Record<Unit, number> = {
  hex8: 2,
  hex16: 4,
  hex32: 8,
  hex64: 16,
  u8: 3,
  u16: 5,
  u32: 10,
  u64: 20,
  i8: 4,
  i16: 6,
  i32: 11,
  i64: 20,
  f32: 16,
  f64: 24,
  bin8: 8,
};

/** The longest text that a value of the unit prints as, in characters. */
export function unitWidth(unit: Unit): number {
  return unitCharacters[unit];
}

/** One value at `offset`; the caller has made sure that `unitBytes(unit)` bytes are there. */
export function printValue(view: DataView, offset: number, unit: Unit, order: ByteOrder): string {
  const little = order === 'little';
  switch (unit) {
    case 'hex8':
      return view.getUint8(offset).toString(16).padStart(2, '0');
    case 'hex16':
      return view.getUint16(offset, little).toString(16).padStart(4, '0');
    case 'hex32':
      return view.getUint32(offset, little).toString(16).padStart(8, '0');
    case 'hex64':
      return view.getBigUint64(offset, little).toString(16).padStart(16, '0');
    case 'u8':
      return view.getUint8(offset).toString();
    case 'u16':
      return view.getUint16(offset, little).toString();
    case 'u32':
      return view.getUint32(offset, little).toString();
    case 'u64':
      return view.getBigUint64(offset, little).toString();
    case 'i8':
      return view.getInt8(offset).toString();
    case 'i16':
      return view.getInt16(offset, little).toString();
    case 'i32':
      return view.getInt32(offset, little).toString();
    case 'i64':
      return view.getBigInt64(offset, little).toString();
    case 'f32':
      return printFloat(view.getFloat32(offset, little), 9, 7);
    case 'f64':
      return printFloat(view.getFloat64(offset, little), 17, 15);
    case 'bin8':
      return view.getUint8(offset).toString(2).padStart(8, '0');
  }
}

/** The shortest text that reads back as the same float of that precision. */
function printFloat(value: number, digitsMax: number, digitsMin: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const same = digitsMax > 9 ? (x: number): boolean => x === value : (x: number): boolean => Math.fround(x) === value;
  for (let digits = digitsMin; digits < digitsMax; digits++) {
    const text = Number(value.toPrecision(digits));
    if (same(text)) return shorten(text);
  }
  return shorten(Number(value.toPrecision(digitsMax)));
}

function shorten(value: number): string {
  const plain = value.toString();
  const size = Math.abs(value);
  const text = size >= 1e15 || size < 1e-5 ? value.toExponential() : plain;
  return text.replace('e+', 'e');
}

/**
 * The bytes of a typed value: decimal, `0x…`, `0b…` for integers (negative where the unit is signed), any JavaScript
 * number for floats. Returns a sentence where the text is not a value of the unit.
 */
export function parseValue(text: string, unit: Unit, order: ByteOrder): Uint8Array | string {
  const size = unitBytes(unit);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const little = order === 'little';
  const trimmed = text.trim().replace(/[_']/g, '');
  if (unit === 'f32' || unit === 'f64') {
    const value = parseFloatText(trimmed);
    if (value === undefined) return `"${text.trim()}" is not a number.`;
    if (unit === 'f64') view.setFloat64(0, value, little);
    else view.setFloat32(0, value, little);
    const stored = unit === 'f64' ? value : Math.fround(value);
    // Digits mean a number: that they became infinite is nobody's wish.
    if (/\d/.test(trimmed) && !Number.isFinite(stored)) {
      const high = floatMax[unit];
      const infinity = stored > 0 ? 'inf' : '-inf';
      return `${trimmed} does not fit ${unit}, which goes from -${high} to ${high}. Write ${infinity} for infinity.`;
    }
    return bytes;
  }
  const integer = parseInteger(trimmed, unit);
  if (integer === undefined) return `"${text.trim()}" is not a whole number; write 42, -1, 0x2a or 0b101010.`;
  const bits = BigInt(size * 8);
  const low = unit.startsWith('i') ? -(1n << (bits - 1n)) : 0n;
  const high = unit.startsWith('i') ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (integer < low || integer > high) return `${integer} does not fit ${unit}, which goes from ${low} to ${high}.`;
  const unsigned = BigInt.asUintN(size * 8, integer);
  for (let i = 0; i < size; i++) {
    bytes[little ? i : size - 1 - i] = Number((unsigned >> BigInt(8 * i)) & 0xffn);
  }
  return bytes;
}

/** IEEE 754's largest numbers of 32 and 64 bits, as short as they read back. */
const floatMax = { f32: '3.4028235e38', f64: '1.7976931348623157e308' };

function parseFloatText(text: string): number | undefined {
  const special: Record<string, number> = { nan: NaN, inf: Infinity, '+inf': Infinity, '-inf': -Infinity };
  const named = special[text.toLowerCase()];
  if (named !== undefined) return named;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function parseInteger(text: string, unit: Unit): bigint | undefined {
  if (unit.startsWith('hex') && /^[0-9a-f]+$/i.test(text)) return BigInt(`0x${text}`);
  if (unit === 'bin8' && /^[01]+$/.test(text)) return BigInt(`0b${text}`);
  const match = /^([+-]?)(0x[0-9a-f]+|0b[01]+|\d+)$/i.exec(text);
  if (match === null) return undefined;
  const size = BigInt(match[2] as string);
  return match[1] === '-' ? -size : size;
}
