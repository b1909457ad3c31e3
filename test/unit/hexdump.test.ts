import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHexdump } from '../../native/cli/hexdump.ts';

/** A byte, or `undefined` for one that cannot be read. */
type Cell = number | undefined;

/** `hexdump -C`, written down as its manual page has it, all in memory. */
function naive(start: bigint, digits: number, cells: readonly Cell[]): string {
  const lines: string[] = [];
  let before = '';
  for (let at = 0; at < cells.length; at += 16) {
    const row = cells.slice(at, at + 16);
    const hex = Array.from({ length: 16 }, (_, i) => {
      const byte = row[i];
      return i >= row.length ? '  ' : byte === undefined ? '??' : byte.toString(16).padStart(2, '0');
    });
    const text = row.map((byte) => {
      if (byte === undefined) return ' ';
      return byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.';
    });
    const contents = `  ${hex.slice(0, 8).join(' ')}  ${hex.slice(8).join(' ')}  |${text.join('')}|`;
    const isSqueezed = row.length === 16 && contents === before;
    if (!isSqueezed) lines.push((start + BigInt(at)).toString(16).padStart(digits, '0') + contents);
    else if (lines.at(-1) !== '*') lines.push('*');
    before = contents;
  }
  lines.push((start + BigInt(cells.length)).toString(16).padStart(digits, '0'));
  return `${lines.join('\n')}\n`;
}

/** Runs of few different bytes, so that rows repeat, with holes between. */
const pieces = fc.array(
  fc.record({ value: fc.constantFrom<Cell>(undefined, undefined, 0, 0x41), length: fc.integer({ min: 1, max: 70 }) }),
  { maxLength: 12 },
);

test('a hexdump in pieces is that of the whole, wherever the pieces and the holes end', () => {
  fc.assert(
    fc.property(pieces, fc.bigInt({ min: 0n, max: 2n ** 64n - 1000n }), (parts, start) => {
      const dump = createHexdump(start, 16);
      let printed = '';
      for (const { value, length } of parts)
        printed += value === undefined ? dump.hole(length) : dump.bytes(new Uint8Array(length).fill(value));
      const cells = parts.flatMap(({ value, length }) => Array.from({ length }, () => value));
      expect(printed + dump.end()).toBe(naive(start, 16, cells));
    }),
    { numRuns: 2000 },
  );
});

test('any bytes print as they do in memory, 8 digits or 16', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(8, 16), (bytes, digits) => {
      const dump = createHexdump(0x1000n, digits);
      expect(dump.bytes(bytes) + dump.end()).toBe(naive(0x1000n, digits, [...bytes]));
    }),
  );
});

test('a hole of many terabytes is a few lines, at once', () => {
  const dump = createHexdump(0x1003n, 16);
  const begunMs = performance.now();
  const printed = dump.bytes(Uint8Array.of(1)) + dump.hole(2 ** 47) + dump.end();
  expect(performance.now() - begunMs).toBeLessThan(50);
  expect(printed).toBe(
    [
      `0000000000001003  01 ${'?? '.repeat(7)} ${'?? '.repeat(8)} |.               |`,
      `0000000000001013  ${'?? '.repeat(8)} ${'?? '.repeat(8)} |                |`,
      '*',
      `0000800000001003  ??${' '.repeat(47)} | |`,
      '0000800000001004\n',
    ].join('\n'),
  );
});
