import type { ByteOrder, TextEncoding } from '../common/value.ts';

/**
 * The bytes of hexadecimal text as people have it: `48656c6c6f`, `48 65 6c`, `0x48, 0x65`, `\x48\x65`, over any number
 * of lines. Returns a sentence where it is something else.
 */
export function parseHex(text: string): Uint8Array | string {
  const words = text
    .replace(/\\x/gi, ' 0x')
    .split(/[\s,;:|]+/)
    .filter((word) => word !== '');
  if (words.length === 0) return 'There is nothing to write: the text is empty.';
  const bytes: number[] = [];
  for (const word of words) {
    const digits = word.replace(/^0x/i, '');
    if (word === '??') return '"??" stands for a byte that could not be read, so there is nothing to write for it.';
    if (!/^[0-9a-f]+$/i.test(digits))
      return `"${clip(word)}" is not hexadecimal. Bytes are two digits each, 0 to 9 and a to f.`;
    if (digits.length === 1) bytes.push(parseInt(digits, 16));
    else if (digits.length % 2 !== 0) return `"${clip(word)}" has an odd number of digits, so half a byte is missing.`;
    else for (let i = 0; i < digits.length; i += 2) bytes.push(parseInt(digits.slice(i, i + 2), 16));
  }
  return Uint8Array.from(bytes);
}

function clip(word: string): string {
  return word.length > 24 ? `${word.slice(0, 24)}…` : word;
}

/** The bytes of text in the view's encoding. Returns a sentence where a character has none. */
export function encodeText(text: string, encoding: TextEncoding, order: ByteOrder): Uint8Array | string {
  switch (encoding) {
    case 'ascii': {
      const bad = [...text].find((character) => character.charCodeAt(0) > 0x7f);
      if (bad !== undefined)
        return `"${bad}" is not an ASCII character. Choose UTF-8 or UTF-16 for the text column first.`;
      return Uint8Array.from(text, (character) => character.charCodeAt(0));
    }
    case 'utf-8':
      return new TextEncoder().encode(text);
    case 'utf-16': {
      const bytes = new Uint8Array(text.length * 2);
      const view = new DataView(bytes.buffer);
      for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), order === 'little');
      return bytes;
    }
  }
}

/** `pattern` over and over until `length` bytes are full. */
export function fillWith(pattern: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => pattern[i % pattern.length] as number);
}
