import { askedBytesMax, iovecsMax } from '../../common/limits.ts';
import { pageBytes, PageState, type PageNumber } from '../../common/page.ts';
import { Errno } from './errno.ts';
import { localAddress } from './libc.ts';

/** process_vm_readv or process_vm_writev of one process, or what stands in for them: bytes moved, or -errno. */
export type VectorCall = (batch: Vectors) => number;

/** Bytes that a transfer reads along in its last call, to prove whose memory it was. */
export interface Witness {
  /** In the target. */
  readonly address: number;
  /** Where they are to land in our own memory. */
  readonly localAt: number;
  /** Whether what has landed is what has to be there. Elsewhere than at `localAt`, where it was read to another place. */
  holds(landed?: Uint32Array): boolean;
}

export const witnessBytes = 16;

/** Pages of a target and the bytes that belong to them, in order. */
export interface Span {
  readonly pages: Float64Array;
  /** Pages whose state is `readable` or `unread` are tried; those that move become `readable`. */
  readonly states: Uint8Array;
  /** The pages' bytes, without the first `head` of the first page; what is missing at the end of the last page is not moved. */
  readonly bytes: Uint8Array;
  readonly head: number;
}

/** What becomes of a page that did not move: its state, and the transfer goes on after it; or 'stop'. */
export type OnHole = ((page: PageNumber) => PageState) | 'stop';

/**
 * The iovecs of one call. Each is four 32-bit words, little end first, so that no bigint is made:
 *
 *     [ base low, base high, length low, length high ]
 */
export interface Vectors {
  readonly local: Uint32Array;
  readonly remote: Uint32Array;
  /** Where they are in our own memory. */
  readonly localAt: number;
  readonly remoteAt: number;
  locals: number;
  remotes: number;
}

/** A call and the pages that it is for. */
interface Batch extends Vectors {
  /** Bytes of pages that it moves; the witness comes on top. */
  bytes: number;
  hasWitness: boolean;
  /** Indexes of the pages that it covers: from, and the one after the last. */
  from: number;
  to: number;
}

/** The compiled calls of a span, kept from tick to tick for as long as neither its buffer nor its holes change. */
export interface Vector {
  readonly batches: Batch[];
  span: Span | undefined;
  /** How long its buffer was: one that has been detached since has no length and no address. */
  length: number;
  /** Which pages of the span were tried, as the batches have it. */
  tried: Uint8Array;
  /** Whether every tried page is known to be readable, so that there is nothing to mark. */
  settled: boolean;
  /** Whether the last transfer's last call brought the witness along, and it holds. */
  proven: boolean;
  readonly witness: Witness | undefined;
}

export function createVector(witness?: Witness): Vector {
  return { batches: [], span: undefined, length: 0, tried: new Uint8Array(0), settled: false, proven: false, witness };
}

/**
 * Moves the bytes of a span in as few calls as the kernel allows. A short count ends at the page that could not be
 * touched: it goes to `onHole`, and the next call begins after it. Gives the bytes that moved, or -errno for what is not
 * about a page (ESRCH, EPERM, ENOSYS). After 'stop' the bytes that moved are the first ones of the span.
 */
export function transfer(call: VectorCall, span: Span, vector: Vector, onHole: OnHole): number {
  if (!isCompiled(vector, span)) compile(vector, span);
  vector.proven = false;
  let moved = 0;
  for (let b = 0; b < vector.batches.length; b++) {
    const batch = vector.batches[b] as Batch;
    while (batch.bytes > 0) {
      const count = call(batch);
      if (count < 0 && count !== -Errno.EFAULT) return count;
      if (count > 0) moved += Math.min(count, batch.bytes);
      if (count >= batch.bytes) {
        // An address space that a call has left never comes back to it: the last call speaks for those before it.
        if (batch.hasWitness) vector.proven = count === batch.bytes + witnessBytes && vector.witness?.holds() === true;
        if (!vector.settled) settle(span, batch.from, batch.to);
        break;
      }
      // The batch now differs from what the next tick needs, so the next tick compiles again, once.
      vector.span = undefined;
      const hole = stoppedAt(span, batch, Math.max(count, 0));
      settle(span, batch.from, hole);
      if (onHole === 'stop') return moved;
      span.states[hole] = onHole(span.pages[hole] as number);
      // The page that it stopped at is not asked for again in this transfer, whatever its new state.
      fill(batch, span, hole + 1, batch.to, vector.witness);
    }
  }
  vector.settled = vector.span !== undefined;
  return moved;
}

/** Pages before `to` that were tried are readable: their bytes have moved. */
function settle(span: Span, from: number, to: number): void {
  for (let i = from; i < to; i++) if (span.states[i] === PageState.unread) span.states[i] = PageState.readable;
}

/** The index of the page where a call stopped that moved `count` bytes of a batch. */
function stoppedAt(span: Span, batch: Batch, count: number): number {
  let left = count;
  for (let i = batch.from; i < batch.to; i++) {
    if (!isTried(span, i)) continue;
    left -= lengthOf(span, i);
    if (left < 0) return i;
  }
  throw new Error('a call moved more than it was asked to');
}

function isTried(span: Span, i: number): boolean {
  return (span.states[i] as number) <= PageState.unread;
}

/** Where the bytes of page i begin in the span's bytes. */
function offsetOf(span: Span, i: number): number {
  return i === 0 ? 0 : i * pageBytes - span.head;
}

function lengthOf(span: Span, i: number): number {
  return Math.min((i + 1) * pageBytes - span.head, span.bytes.length) - offsetOf(span, i);
}

function isCompiled(vector: Vector, span: Span): boolean {
  const old = vector.span;
  if (old?.bytes !== span.bytes || old.pages !== span.pages || old.head !== span.head) return false;
  if (vector.length !== span.bytes.length) return false;
  const { tried } = vector;
  for (let i = 0; i < tried.length; i++) {
    if (tried[i] !== (isTried(span, i) ? 1 : 0)) return false;
    if (span.states[i] === PageState.unread) vector.settled = false;
  }
  return true;
}

function compile(vector: Vector, span: Span): void {
  const pages = span.pages.length;
  const missing = pages * pageBytes - span.head - span.bytes.length;
  if (missing < 0 || missing >= pageBytes || span.states.length !== pages) {
    throw new RangeError('the buffers of a plan must be as long as its pages');
  }
  if (vector.tried.length !== pages) vector.tried = new Uint8Array(pages);
  for (let i = 0; i < pages; i++) vector.tried[i] = isTried(span, i) ? 1 : 0;
  let used = 0;
  for (let from = 0; from < pages; used++) {
    const batch = (vector.batches[used] ??= createBatch());
    fill(batch, span, from, pages, vector.witness);
    from = batch.to;
  }
  vector.batches.length = used;
  vector.span = span;
  vector.length = span.bytes.length;
  vector.settled = false;
}

function createBatch(): Batch {
  return { ...createVectors(), bytes: 0, hasWitness: false, from: 0, to: 0 };
}

export function createVectors(): Vectors {
  const local = new Uint32Array(new ArrayBuffer(iovecsMax * 16));
  const remote = new Uint32Array(new ArrayBuffer(iovecsMax * 16));
  return { local, remote, localAt: localAddress(local), remoteAt: localAddress(remote), locals: 0, remotes: 0 };
}

/** Adds bytes of one page to both sides, or to the last iovec of both where they follow what that one holds. */
export function addIovec(
  vectors: Vectors,
  follows: boolean,
  localAt: number,
  page: PageNumber,
  head: number,
  length: number,
): void {
  if (follows) {
    grow(vectors.local, vectors.locals - 1, length);
    grow(vectors.remote, vectors.remotes - 1, length);
  } else {
    begin(vectors.local, vectors.locals++, localAt, length);
    beginPage(vectors.remote, vectors.remotes++, page, head, length);
  }
}

/**
 * Fills a batch with the tried pages of `from` to `end`, as many as one call takes. Pages that follow each other, and
 * bytes that do, share an iovec, each side by itself: a plan's bytes are one piece however its pages are scattered.
 */
function fill(batch: Batch, span: Span, from: number, end: number, witness: Witness | undefined): void {
  const { local, remote } = batch;
  const { pages } = span;
  const base = from < end ? localAddress(span.bytes) : 0;
  let locals = 0;
  let remotes = 0;
  let bytes = 0;
  let localEnd = -1;
  let remoteEnd = -1;
  let i = from;
  for (; i < end; i++) {
    if (!isTried(span, i)) continue;
    const page = pages[i] as number;
    const length = lengthOf(span, i);
    const offset = offsetOf(span, i);
    if (bytes + length > askedBytesMax - witnessBytes) break;
    const localAgain = offset === localEnd;
    const remoteAgain = page === remoteEnd;
    if ((!localAgain && locals === iovecsMax) || (!remoteAgain && remotes === iovecsMax)) break;
    if (localAgain) grow(local, locals - 1, length);
    else begin(local, locals++, base + offset, length);
    if (remoteAgain) grow(remote, remotes - 1, length);
    else beginPage(remote, remotes++, page, i === 0 ? span.head : 0, length);
    localEnd = offset + length;
    remoteEnd = page + 1;
    bytes += length;
  }
  batch.hasWitness =
    witness !== undefined && i === pages.length && bytes > 0 && locals < iovecsMax && remotes < iovecsMax;
  if (witness !== undefined && batch.hasWitness) {
    begin(local, locals++, witness.localAt, witnessBytes);
    begin(remote, remotes++, witness.address, witnessBytes);
  }
  batch.locals = locals;
  batch.remotes = remotes;
  batch.bytes = bytes;
  batch.from = from;
  batch.to = i;
}

function begin(words: Uint32Array, index: number, address: number, length: number): void {
  const at = index * 4;
  // An element of 32 bits takes the lower ones of what is larger; `%` of such numbers is a call.
  words[at] = address;
  words[at + 1] = address / 0x1_0000_0000;
  words[at + 2] = length;
  words[at + 3] = 0;
}

function beginPage(words: Uint32Array, index: number, page: PageNumber, head: number, length: number): void {
  const at = index * 4;
  words[at] = (page % 0x10_0000) * pageBytes + head;
  words[at + 1] = page / 0x10_0000;
  words[at + 2] = length;
  words[at + 3] = 0;
}

/** Never past 32 bits: a batch holds `callBytesMax` at most. */
function grow(words: Uint32Array, index: number, length: number): void {
  const at = index * 4 + 2;
  words[at] = (words[at] as number) + length;
}
