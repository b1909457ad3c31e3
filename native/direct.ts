import { pageBytes } from '../common/page.ts';
import { roomBefore } from './buffer.ts';
import { detourBytesMin, liesBadly, readByDetour } from './detour.ts';
import { localAddress, processVmReadv } from './linux/libc.ts';
import { userPages, type PageMap } from './linux/pagemap.ts';
import { witnessBytes, type Witness } from './linux/vector.ts';

/**
 * The shortest way to read one range: a look whether any of its pages is not in memory, and one call that takes the witness
 * along. Gives the bytes that landed, whole pages of them where they are not all; the general way goes on after those and says
 * why. One more than all of them: the witness came too, and holds.
 */
export type DirectRead = (start: bigint, bytes: Uint8Array) => number;

/** The most bytes that a buffer's whole ArrayBuffer may have for its place to be remembered: it is kept for as long. */
const keptBytesMax = 2 ** 21;

/**
 * How far a look goes at most for reads that follow each other. The last page of one large piece is further from its look than
 * what it finds is held to be there. A look is a system call, and would be a third of what a loop over small reads takes.
 */
const aheadPagesMax = 1024;

/** For how long what a look has found in memory is taken to be there. */
const lookHoldsMs = 1.5;

export function createDirectRead(
  pid: number,
  map: PageMap,
  witness: Witness,
  now: () => number = performance.now.bind(performance),
): DirectRead {
  // Two local iovecs, then two remote ones: { base, length } each. The witness is first: a large copy would leave nothing that
  // the kernel needs for it in the caches, and it proves the whole call wherever it is.
  const words = new BigUint64Array(new ArrayBuffer(4096), 0, 8);
  const halves = new Uint32Array(words.buffer, 0, 16);
  const wordsAt = localAddress(words);
  words.set([
    BigInt(witness.localAt),
    BigInt(witnessBytes),
    0n,
    0n,
    BigInt(witness.address),
    BigInt(witnessBytes),
    0n,
    0n,
  ]);
  // To ask where a buffer is takes a fifth of a microsecond, and loops read into the same one. Not the largest, though,
  // which would be kept for nothing; and one that has been detached since has no length.
  let last: Uint8Array | undefined;
  let lastAt = 0;
  let lastRoom: Uint32Array | undefined;
  const addressOf = (bytes: Uint8Array): number => {
    if (bytes === last) return lastAt;
    const at = localAddress(bytes);
    if (bytes.buffer.byteLength <= keptBytesMax) {
      last = bytes;
      lastAt = at;
      lastRoom = roomBefore(bytes);
    }
    return at;
  };
  // What the last look found in memory or not mapped, and when; and where the last read ended. In an array, because numbers as
  // large as these are each made anew outside of one.
  const looked = new Float64Array(words.buffer, 64, 4);
  const [from, to, atMs, ended] = [0, 1, 2, 3] as const;
  const isPresent = (first: number, end: number): boolean => {
    const follows = first === looked[ended];
    looked[ended] = end;
    const nowMs = now();
    const isFresh = nowMs - (looked[atMs] as number) < lookHoldsMs;
    if (isFresh && first >= (looked[from] as number) && end <= (looked[to] as number)) return true;
    const ahead = follows ? Math.min(16 * (end - first), aheadPagesMax) : 0;
    looked[from] = first;
    looked[to] = map.presentTo(first, Math.max(end, Math.min(first + ahead, userPages)));
    looked[atMs] = nowMs;
    return looked[to] >= end;
  };
  const straight: DirectRead = (start, bytes) => {
    const { length } = bytes;
    words[6] = start;
    const low = halves[12] as number;
    const first = (halves[13] as number) * 0x10_0000 + (low >>> 12);
    const end = first + Math.ceil(((low & (pageBytes - 1)) + length) / pageBytes);
    if (length === 0 || !isPresent(first, end)) return 0;
    const at = addressOf(bytes);
    const room = bytes === last ? lastRoom : roomBefore(bytes);
    // With room for the witness one local iovec takes both. With two, the kernel's way from page to page is a longer one.
    const before = room === undefined ? 0 : witnessBytes;
    halves[4] = at - before;
    halves[5] = (at - before) / 0x1_0000_0000;
    halves[6] = length + before;
    halves[14] = length;
    const locals = room === undefined ? 2 : 1;
    const landed = processVmReadv(pid, wordsAt + 16 * (2 - locals), locals, wordsAt + 32, 2) - witnessBytes;
    if (landed === length && witness.holds(room)) return length + 1;
    return Math.max(landed, 0);
  };
  return (start, bytes) => {
    // What is no address would be cut to one.
    if (BigInt.asUintN(64, start) !== start) return 0;
    if (bytes.length < detourBytesMin) return straight(start, bytes);
    words[6] = start;
    return liesBadly(halves[12] as number, addressOf(bytes))
      ? readByDetour(straight, start, bytes)
      : straight(start, bytes);
  };
}
