import { MemoryError } from '../../common/error.ts';
import { watchedPieceBytesMax, watchedPiecesMax } from '../../common/limits.ts';
import { endOf, type Range } from '../../common/range.ts';

/**
 * A range in pieces that a debug register takes: 1, 2, 4 or 8 bytes, each aligned to its size, in order. Throws MemoryError
 * `Limit` where that takes more of them than a processor has.
 */
export function watchedPieces(range: Range): readonly Range[] {
  const pieces: Range[] = [];
  for (let start = range.start; start < endOf(range);) {
    if (pieces.length === watchedPiecesMax) throw tooLong(range);
    let length = watchedPieceBytesMax;
    while (start % BigInt(length) !== 0n || start + BigInt(length) > endOf(range)) length /= 2;
    pieces.push({ start, length });
    start += BigInt(length);
  }
  return pieces;
}

function tooLong(range: Range): MemoryError {
  return new MemoryError(
    'Limit',
    `A processor watches at most ${watchedPiecesMax} pieces of 1, 2, 4 or 8 aligned bytes, and the ${range.length} bytes from here ` +
      'take more. Select fewer bytes.',
  );
}
