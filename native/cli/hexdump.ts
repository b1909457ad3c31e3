import type { Address } from '../../common/address.ts';

const rowBytes = 16;
/** Stands in a row for a byte that cannot be read. */
export const unreadableByte = -1;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const text = Array.from({ length: 256 }, (_, byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));

/**
 * Prints as `hexdump -C` does: 16 bytes a row from the start on, a row like the one before it as `*`, at the end the
 * address after the last byte. What cannot be read is `??`, and a blank in the text.
 */
export interface Hexdump {
  /** The next bytes; gives the lines that are complete now. */
  bytes(bytes: Uint8Array): string;
  /** The next bytes cannot be read. Takes no longer for a terabyte of them. */
  hole(length: number): string;
  end(): string;
}

/** `digits` of the addresses: 16, or 8 for a 32-bit program. */
export function createHexdump(start: Address, digits: number): Hexdump {
  let address = start;
  let row = new Int16Array(rowBytes);
  let previous = new Int16Array(rowBytes);
  let hasPrevious = false;
  let squeezing = false;
  let filled = 0;

  function squeeze(): string {
    if (squeezing) return '';
    squeezing = true;
    return '*\n';
  }

  /** Prints the row, which is full, and begins the next. */
  function flush(): string {
    let line: string;
    if (hasPrevious && same(row, previous)) line = squeeze();
    else {
      line = `${printRow(address, digits, row)}\n`;
      [row, previous] = [previous, row];
      hasPrevious = true;
      squeezing = false;
    }
    address += BigInt(rowBytes);
    filled = 0;
    return line;
  }

  return {
    bytes(bytes) {
      let lines = '';
      for (let i = 0; i < bytes.length; i++) {
        row[filled++] = bytes[i] as number;
        if (filled === rowBytes) lines += flush();
      }
      return lines;
    },
    hole(length) {
      let lines = '';
      let left = length;
      while (left > 0) {
        const count = Math.min(left, rowBytes - filled);
        row.fill(unreadableByte, filled, filled + count);
        filled += count;
        left -= count;
        const isWhole = count === rowBytes;
        if (filled === rowBytes) lines += flush();
        if (!isWhole || left < rowBytes) continue;
        // All further rows are like the one that was printed just now.
        lines += squeeze();
        address += BigInt(left - (left % rowBytes));
        left %= rowBytes;
      }
      return lines;
    },
    end() {
      const last = filled > 0 ? `${printRow(address, digits, row.subarray(0, filled))}\n` : '';
      return `${last}${(address + BigInt(filled)).toString(16).padStart(digits, '0')}\n`;
    },
  };
}

function same(a: Int16Array, b: Int16Array): boolean {
  for (let i = 0; i < rowBytes; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** One row of up to 16 bytes. `mark` puts something around the digits of byte i. */
export function printRow(
  address: Address,
  digits: number,
  row: Int16Array,
  mark: (digits: string, i: number) => string = (two) => two,
): string {
  let bytes = '';
  let characters = '';
  for (let i = 0; i < rowBytes; i++) {
    if (i % 8 === 0) bytes += ' ';
    const byte = row[i];
    bytes += ' ';
    if (byte === undefined) bytes += '  ';
    else if (byte === unreadableByte) {
      bytes += mark('??', i);
      characters += ' ';
    } else {
      bytes += mark(hex[byte] as string, i);
      characters += text[byte] as string;
    }
  }
  return `${address.toString(16).padStart(digits, '0')}${bytes}  |${characters}|`;
}

/** Bytes as digits, two each; `??` for those that cannot be read. */
export function printBytes(bytes: Int16Array, between: string): string {
  return Array.from(bytes, (byte) => (byte === unreadableByte ? '??' : (hex[byte] as string))).join(between);
}
