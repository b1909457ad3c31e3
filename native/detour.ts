import { offsetInPage, pageBytes } from '../common/page.ts';
import type { DirectRead } from './direct.ts';
import { localAddress } from './linux/libc.ts';

/*
 * Some processors (AMD's since Zen 3) copy four times slower by `rep movsb`, which is what the kernel copies with, where the
 * destination is 1 to 31 bytes further into its page than the source is: they take the two for overlapping. Large buffers are
 * exactly there, because malloc takes whole pages for them and puts sixteen bytes of its own first.
 *
 * Such a read goes by way of a buffer that is not, and from there by the C library's memmove, which copies otherwise.
 */

/** What goes by way of our buffer at once: large enough for the call, and in the caches still when it is copied on. */
const pieceBytes = 256 * 1024;

/** Below it the second copy is not worth its call. */
export const detourBytesMin = 64 * 1024;

/** Pieces that are read either way before the faster one is taken. */
const triesEach = 4;

let ours: { readonly bytes: Uint8Array; readonly at: number } | undefined;

/**
 * How much of the straight way's time the detour may take at most to be taken. Where it is needed it takes a third; where it is
 * not, tries are too few to tell the two apart, and a buffer that was never touched makes the first of them slow.
 */
const shareMax = 0.7;

/** The least milliseconds that a whole piece took, either way; the same for all processes, because it is the processor's. */
const least = { straight: Infinity, detour: Infinity };
let tries = 0;

/** Whether a buffer at `at` lies badly for what is read into it from `from`; the lower bits of both are enough. */
export function liesBadly(from: number, at: number): boolean {
  const ahead = (at - from) & (pageBytes - 1);
  return ahead > 0 && ahead < 32;
}

/** `read`, for a buffer that lies badly, by the way that has turned out to be faster on this machine. */
export function readByDetour(read: DirectRead, start: bigint, bytes: Uint8Array): number {
  const { length } = bytes;
  for (let done = 0; done < length;) {
    const isTrial = tries < 2 * triesEach && length - done >= pieceBytes;
    const isDetour = isTrial ? tries % 2 === 1 : least.detour < least.straight * shareMax;
    const from = start + BigInt(done);
    // Pieces end where pages do, as what has landed has to.
    const piece = isTrial || isDetour ? Math.min(pieceBytes - offsetInPage(from), length - done) : length - done;
    const begunMs = isTrial ? performance.now() : 0;
    const target = piece === length ? bytes : bytes.subarray(done, done + piece);
    const landed = isDetour ? throughOurs(read, from, target) : read(from, target);
    if (landed <= piece) return done + landed;
    if (isTrial) {
      const way = isDetour ? 'detour' : 'straight';
      least[way] = Math.min(least[way], performance.now() - begunMs);
      tries++;
    }
    done += piece;
  }
  return length + 1;
}

function throughOurs(read: DirectRead, start: bigint, bytes: Uint8Array): number {
  if (ours === undefined) {
    const room = new Uint8Array(pieceBytes + 2 * pageBytes);
    ours = { bytes: room, at: localAddress(room) };
  }
  // A cache line further into its page than the source: past what is taken for overlapping.
  const offset = (offsetInPage(start) + 64 - ours.at) & (pageBytes - 1);
  const piece = ours.bytes.subarray(offset, offset + bytes.length);
  const landed = read(start, piece);
  bytes.set(landed >= bytes.length ? piece : piece.subarray(0, landed));
  return landed;
}
