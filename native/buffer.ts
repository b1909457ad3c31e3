import { pageBytes } from '../common/page.ts';
import { localAddress } from './linux/libc.ts';
import { witnessBytes } from './linux/vector.ts';

/** Where the witness of a read may land, for each buffer that has such a place: right before its bytes. */
const rooms = new WeakMap<Uint8Array, Uint32Array>();

/**
 * A buffer of `length` bytes that much is read into fastest. It begins where a page does, as most of what is read does: some
 * processors copy better that way. And it has room for what a read takes along to prove whose memory it was, so that the
 * kernel fills one place, not two. Its ArrayBuffer is larger than it is; what is not the buffer's is the library's.
 */
export function createBuffer(length: number): Uint8Array<ArrayBuffer> {
  const room = new ArrayBuffer(2 * pageBytes + length);
  const into = localAddress(new Uint8Array(room)) % pageBytes;
  const offset = into + witnessBytes <= pageBytes ? pageBytes - into : 2 * pageBytes - into;
  const bytes = new Uint8Array(room, offset, length);
  rooms.set(bytes, new Uint32Array(room, offset - witnessBytes, witnessBytes / 4));
  return bytes;
}

/** The room right before the bytes of a buffer of `createBuffer`; `undefined` for any other. */
export function roomBefore(bytes: Uint8Array): Uint32Array | undefined {
  return rooms.get(bytes);
}
