import { printAddress, type Address } from '../common/address.ts';
import { offsetInPage, pageBytes, PageState, pageStateFrom, printPageState } from '../common/page.ts';
import type { ReadResult } from '../common/protocol.ts';
import type { TextEncoding, ByteOrder } from '../common/value.ts';

export type CopyForm = 'hex' | 'text' | 'cArray' | 'python' | 'base64';

export interface CopyOptions {
  readonly textEncoding: TextEncoding;
  readonly byteOrder: ByteOrder;
}

/**
 * The text of a copied selection. Bytes that cannot be read are `??` in hex; no other form can say that, so the others
 * throw an Error that names the first such byte.
 */
export function printCopy(form: CopyForm, start: Address, read: ReadResult, options: CopyOptions): string {
  const { bytes } = read;
  const state = (i: number): PageState => pageStateFrom(read.states[Math.floor((offsetInPage(start) + i) / pageBytes)]);
  if (form === 'hex') {
    const cells: string[] = [];
    bytes.forEach((byte, i) => cells.push(state(i) === PageState.readable ? byte.toString(16).padStart(2, '0') : '??'));
    return cells.join(' ');
  }
  const missing = bytes.findIndex((_, i) => state(i) !== PageState.readable);
  if (missing >= 0) {
    const address = printAddress(start + BigInt(missing));
    throw new Error(
      `Byte ${address} is ${printPageState(state(missing))}, which this form cannot express. Copy as Hex, or select less.`,
    );
  }
  switch (form) {
    case 'text':
      return decodeText(bytes, options);
    case 'cArray':
      return printCArray(bytes);
    case 'python':
      return `b"${Array.from(bytes, pythonByte).join('')}"`;
    case 'base64':
      return base64(bytes);
  }
}

function decodeText(bytes: Uint8Array, options: CopyOptions): string {
  switch (options.textEncoding) {
    case 'ascii':
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
    case 'utf-8':
      return new TextDecoder('utf-8').decode(bytes);
    case 'utf-16':
      return new TextDecoder(options.byteOrder === 'little' ? 'utf-16le' : 'utf-16be').decode(bytes);
  }
}

function printCArray(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let i = 0; i < bytes.length; i += 12) {
    const line = Array.from(bytes.subarray(i, i + 12), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
    lines.push(`    ${line.join(', ')},`);
  }
  return `const unsigned char bytes[${bytes.length}] = {\n${lines.join('\n')}\n};\n`;
}

function pythonByte(byte: number): string {
  const character = String.fromCharCode(byte);
  if (character === '"' || character === '\\') return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  // In pieces, because a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}
