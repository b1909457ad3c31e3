import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryError } from '../../common/error.ts';
import { watchedPieces } from '../../extension/debug/watchedPieces.ts';

const sizes = (start: bigint, length: number): number[] =>
  watchedPieces({ start, length }).map((piece) => piece.length);

test.each([
  [0x1000n, 1, [1]],
  [0x1000n, 4, [4]],
  [0x1000n, 8, [8]],
  [0x1000n, 32, [8, 8, 8, 8]],
  [0x1001n, 7, [1, 2, 4]],
  [0x1001n, 4, [1, 2, 1]],
  [0x1004n, 8, [4, 4]],
  [0xfffffffffffffff8n, 8, [8]],
])('of %o and %i bytes the pieces are %o', (start, length, pieces) => {
  expect(sizes(start, length)).toEqual(pieces);
});

test.each([
  [0x1000n, 33],
  [0x1000n, 4096],
  [0x1001n, 31],
])('of %o and %i bytes there are too many', (start, length) => {
  expect(() => sizes(start, length)).toThrow(MemoryError);
});

test('the pieces are the range, aligned, and at most four', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 63n), fc.integer({ min: 1, max: 40 }), (start, length) => {
      let pieces;
      try {
        pieces = watchedPieces({ start, length });
      } catch (error) {
        expect((error as MemoryError).code).toBe('Limit');
        return;
      }
      expect(pieces.length).toBeLessThanOrEqual(4);
      let at = start;
      for (const piece of pieces) {
        expect(piece.start).toBe(at);
        expect(piece.start % BigInt(piece.length)).toBe(0n);
        expect([1, 2, 4, 8]).toContain(piece.length);
        at += BigInt(piece.length);
      }
      expect(at).toBe(start + BigInt(length));
    }),
  );
});
