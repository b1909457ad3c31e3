import type { Case, Remote } from './cases.ts';

/** Range counts of the long side: the small ones, those around powers of two, some odd ones, and the kernel's bound. */
export const longSide = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 257],
  ...[333, 500, 511, 512, 513, 768, 1000, 1021, 1022, 1023, 1024],
] as const;
export const shortSide = [1, 2, 3, 4, 5, 6, 7, 8] as const;

/** Bytes of a case in all; a multiple of nothing that the cuts are. */
const bytesMax = 20_011;

/** Cuts a length into so many pieces, no two cases alike, some of them empty. */
function cut(length: number, pieces: number, seed: number): number[] {
  const random = generator(seed);
  const cuts = Array.from({ length: pieces - 1 }, () => Math.floor(random() * (length + 1))).sort((a, b) => a - b);
  return [...cuts, length].map((end, i) => end - (cuts[i - 1] ?? 0));
}

/** Numbers from 0 to 1 that are the same in every run (mulberry32, Tommy Ettinger). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * So many local ranges and so many remote ones, cut at other places on either side. The two are as long as each other, or one
 * is longer, in turn; the remote ones lie scattered and may overlap.
 */
export function uneven(locals: number, remotes: number): Case {
  const seed = locals * 4099 + remotes;
  const localBytes = bytesMax - (seed % 3 === 1 ? 1234 : 0);
  const remoteBytes = bytesMax - (seed % 3 === 2 ? 4321 : 0);
  return {
    name: `${locals} local and ${remotes} remote ranges`,
    local: cut(localBytes, locals, seed),
    remote: cut(remoteBytes, remotes, seed + 1).map((length, i): Remote => {
      return ['data', ((i * 37) % 40) * 4096 + ((i * 211) % 4096), length];
    }),
    expected: Math.min(localBytes, remoteBytes),
    relied: 'vector.ts: the ranges of either side are cut without regard to the other',
  };
}
