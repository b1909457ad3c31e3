import type { Address } from '../common/address.ts';
import { pageBytes, pageOf, type PageNumber } from '../common/page.ts';
import { Errno } from './linux/errno.ts';
import { localAddress, type pread, type pwrite } from './linux/libc.ts';
import type { VectorCall } from './linux/vector.ts';

/** How bytes get here: by the system call, or through /proc/<pid>/mem where the kernel or a filter forbids that. */
export type Transport = 'process_vm_readv' | '/proc/<pid>/mem';

/**
 * What process_vm_readv or process_vm_writev does, through a descriptor of /proc/<pid>/mem: the same vectors, the same
 * counts. It passes over the access of pages (FOLL_FORCE), so whoever must not leaves pages without access out. 0 means
 * that the address space is gone, which the call itself would say with ESRCH. `allows`, where it is given, is asked of each page
 * right before it is moved.
 */
export function throughDescriptor(
  memory: number,
  move: typeof pread | typeof pwrite,
  allows?: (page: PageNumber) => boolean,
): VectorCall {
  return ({ local: into, locals, remote: from, remotes }) => {
    let moved = 0;
    let l = 0;
    let r = 0;
    let localAt = 0;
    let remoteAt = 0;
    while (l < locals && r < remotes) {
      const length = Math.min((into[l * 4 + 2] as number) - localAt, (from[r * 4 + 2] as number) - remoteAt);
      const base = word(into, l * 4) + localAt;
      const low = BigInt(from[r * 4] as number);
      const high = BigInt(from[r * 4 + 1] as number);
      const position = BigInt.asIntN(64, ((high << 32n) | low) + BigInt(remoteAt));
      const head = ((from[r * 4] as number) + remoteAt) % pageBytes;
      for (let done = 0; done < length;) {
        // The kernel goes on in steps of a page from where it begins: begun in the middle of one, it could stop in the middle.
        const isToPageEnd = allows !== undefined || (done === 0 && head > 0);
        const end = isToPageEnd ? Math.min(length, done + pageBytes - ((head + done) % pageBytes)) : length;
        const at = position + BigInt(done);
        const isAllowed = allows === undefined || allows(pageOf(BigInt.asUintN(64, at)));
        const count = isAllowed ? move(memory, base + done, end - done, at) : -Errno.EIO;
        if (count <= 0) {
          if (moved > 0) return moved;
          // No file reaches the upper half of the address space, which is the kernel's.
          const isFault = count === -Errno.EIO || (count === -Errno.EINVAL && position < 0n);
          return count === 0 ? -Errno.ESRCH : isFault ? -Errno.EFAULT : count;
        }
        done += count;
        moved += count;
      }
      localAt += length;
      remoteAt += length;
      if (localAt === into[l * 4 + 2]) [l, localAt] = [l + 1, 0];
      if (remoteAt === from[r * 4 + 2]) [r, remoteAt] = [r + 1, 0];
    }
    return moved;
  };
}

function word(words: Uint32Array, at: number): number {
  return (words[at + 1] as number) * 0x1_0000_0000 + (words[at] as number);
}

/** Moves all of `bytes` through a descriptor: how many moved, or -errno where not one did. */
export function moveThrough(
  call: typeof pread | typeof pwrite,
  descriptor: number,
  address: Address,
  bytes: Uint8Array,
): number {
  const local = localAddress(bytes);
  let moved = 0;
  while (moved < bytes.length) {
    const count = call(descriptor, local + moved, bytes.length - moved, BigInt.asIntN(64, address + BigInt(moved)));
    if (count <= 0) return moved > 0 ? moved : count;
    moved += count;
  }
  return moved;
}
