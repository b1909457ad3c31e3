import { pageBytes } from '../common/page.ts';
import { localAddress, processVmReadv } from './linux/libc.ts';
import type { PageMap } from './linux/pagemap.ts';
import { witnessBytes, type Witness } from './linux/vector.ts';

/**
 * The shortest way to read one range: a look whether any of its pages is not in memory, and one call that takes the witness
 * along. Gives the bytes that landed, whole pages of them where they are not all; the general way goes on after those and says
 * why. One more than all of them: the witness came too, and holds.
 */
export type DirectRead = (start: bigint, bytes: Uint8Array) => number;

export function createDirectRead(pid: number, map: PageMap, witness: Witness): DirectRead {
  // Two local iovecs, then two remote ones: { base, length } each.
  const words = new BigUint64Array(new ArrayBuffer(4096), 0, 8);
  const halves = new Uint32Array(words.buffer, 0, 16);
  const wordsAt = localAddress(words);
  words.set([
    0n,
    0n,
    BigInt(witness.localAt),
    BigInt(witnessBytes),
    0n,
    0n,
    BigInt(witness.address),
    BigInt(witnessBytes),
  ]);
  return (start, bytes) => {
    const { length } = bytes;
    words[4] = start;
    const low = halves[8] as number;
    const first = (halves[9] as number) * 0x10_0000 + (low >>> 12);
    const end = first + Math.ceil(((low & (pageBytes - 1)) + length) / pageBytes);
    if (length === 0 || !map.hasNoneAbsent(first, end)) return 0;
    const at = localAddress(bytes);
    halves[0] = at % 0x1_0000_0000;
    halves[1] = at / 0x1_0000_0000;
    halves[2] = halves[10] = length;
    const count = processVmReadv(pid, wordsAt, 2, wordsAt + 32, 2);
    if (count === length + witnessBytes && witness.holds()) return length + 1;
    return Math.min(Math.max(count, 0), length);
  };
}
