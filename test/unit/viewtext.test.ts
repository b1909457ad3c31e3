import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PageState } from '../../common/page.ts';
import type { ReadResult } from '../../common/protocol.ts';
import { printCopy } from '../../webview/copy.ts';
import { markOf, writtenMark } from '../../webview/glow.ts';
import { encodeText, fillWith, parseHex } from '../../webview/paste.ts';
import { createTrail } from '../../webview/trail.ts';

const options = { textEncoding: 'utf-8', byteOrder: 'little' } as const;
const read = (bytes: Uint8Array): ReadResult => ({ bytes, states: Uint8Array.of(PageState.readable) });
const hello = read(new TextEncoder().encode('He"\\\n\0'));

describe('copy', () => {
  test.each([
    ['hex', '48 65 22 5c 0a 00'],
    ['text', 'He"\\\n\0'],
    ['python', 'b"He\\"\\\\\\x0a\\x00"'],
    ['base64', 'SGUiXAoA'],
    ['cArray', 'const unsigned char bytes[6] = {\n    0x48, 0x65, 0x22, 0x5c, 0x0a, 0x00,\n};\n'],
  ] as const)('printCopy() as %s', (form, text) => {
    expect(printCopy(form, 0x1000n, hello, options)).toBe(text);
  });

  test('printCopy() writes ?? for unreadable bytes in hex and refuses every other form, never zero', () => {
    const half: ReadResult = {
      bytes: new Uint8Array(4),
      states: Uint8Array.of(PageState.readable, PageState.unmapped),
    };
    expect(printCopy('hex', 0x1ffen, half, options)).toBe('00 00 ?? ??');
    for (const form of ['text', 'cArray', 'python', 'base64'] as const) {
      expect(() => printCopy(form, 0x1ffen, half, options)).toThrow(/0x2000 is not mapped/);
    }
  });
});

describe('paste', () => {
  test.each([
    '48656c6c6f',
    '48 65 6c 6c 6f',
    '0x48, 0x65, 0x6c, 0x6c, 0x6f',
    '\\x48\\x65\\x6c\\x6c\\x6f',
    '4865\n6c6c 6f\n',
  ])('parseHex(%j) is Hello', (text) => expect(parseHex(text)).toEqual(new TextEncoder().encode('Hello')));

  test.each([
    ['zz', /"zz" is not hexadecimal/],
    ['486', /odd number of digits/],
    ['48 ??', /could not be read/],
    ['  ', /empty/],
  ])('parseHex(%j) says what is wrong', (text, wrong) => expect(parseHex(text)).toMatch(wrong));

  test('parseHex() reads back what is copied as hex', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
        expect(parseHex(printCopy('hex', 0x1000n, read(bytes), options))).toEqual(bytes);
      }),
    );
  });

  test('encodeText() encodes in the text column’s encoding and refuses what ASCII has no byte for', () => {
    expect(encodeText('é', 'utf-8', 'little')).toEqual(Uint8Array.of(0xc3, 0xa9));
    expect(encodeText('A', 'utf-16', 'big')).toEqual(Uint8Array.of(0, 0x41));
    expect(encodeText('é', 'ascii', 'little')).toMatch(/not an ASCII character/);
  });

  test('fillWith() repeats the pattern and cuts its last copy', () => {
    expect(fillWith(Uint8Array.of(1, 2, 3), 7)).toEqual(Uint8Array.of(1, 2, 3, 1, 2, 3, 1));
  });
});

describe('glow', () => {
  test('markOf() fades in four steps over a second', () => {
    expect([0, 260, 510, 760, 1000].map((age) => markOf(5000, 0, 5000 + age))).toEqual([1, 2, 3, 4, 0]);
  });

  test('markOf() marks an own write differently, until the program changes the byte again', () => {
    expect(markOf(0, 5000, 5100)).toBe(writtenMark);
    expect(markOf(5050, 5000, 5100)).toBe(1);
    expect(markOf(4990, 5000, 5100)).toBe(writtenMark);
  });
});

describe('trail', () => {
  test('goes back and forward, and forgets what is ahead after a jump', () => {
    const trail = createTrail();
    trail.jump(1n, 2n);
    trail.jump(2n, 3n);
    expect(trail.back(3n)).toBe(2n);
    expect(trail.back(2n)).toBe(1n);
    expect(trail.canGoBack).toBe(false);
    expect(trail.forward(1n)).toBe(2n);
    trail.jump(2n, 9n);
    expect(trail.canGoForward).toBe(false);
    expect(trail.back(9n)).toBe(2n);
  });
});
