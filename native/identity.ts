import { closeSync, openSync } from 'node:fs';
import { codeOf, Errno } from './linux/errno.ts';
import { localAddress, pread, processVmReadv } from './linux/libc.ts';
import { readProc } from './linux/procfs.ts';
import { witnessBytes, type Witness } from './linux/vector.ts';

/**
 * Proves whose memory a pid is. The descriptor of /proc/<pid>/mem stays with one address space, but process_vm_readv asks
 * by number, and between the two stand exec, the reuse of a pid, and vfork: a child that shares its parent's address
 * space until it calls exec leaves the descriptor alive and takes the number elsewhere.
 *
 * At exec the kernel puts sixteen random bytes on the new stack and their address in the auxiliary vector (AT_RANDOM).
 * They are the witness: read by number and through the descriptor they are the same only in the same address space. A
 * transfer takes them along in its last call, which proves the bytes of that very call.
 */
export interface Identity {
  /** `undefined` where the kernel gave none. */
  readonly witness: Witness | undefined;
  /** Whether the address space of the descriptor is alive, and still the one that the pid has. Throws nothing. */
  isOurs(): boolean;
}

const AT_NULL = 0;
const AT_RANDOM = 25;

export function createIdentity(pid: number, memory: number, pointerBytes: number): Identity {
  const landed = new Uint32Array(new ArrayBuffer(4096), 0, 4);
  const landedAt = localAddress(landed);
  const ours = new Uint32Array(new ArrayBuffer(4096), 0, 4);
  const oursAt = localAddress(ours);
  const known = new Uint32Array(4);
  const found = randomAt(pid, pointerBytes);
  const address = found ?? 0;
  const hasWitness = address > 0 && pread(memory, oursAt, witnessBytes, address) === witnessBytes;
  known.set(ours);
  // In the middle of an exec the new address space has no auxv yet, and after one it has bytes where the descriptor's has none.
  const isAnother = found === undefined || (!hasWitness && address > 0 && typeof bytesNow(pid, address) === 'object');
  const vectors = new BigUint64Array(new ArrayBuffer(4096), 0, 4);
  vectors.set([BigInt(landedAt), BigInt(witnessBytes), BigInt(address), BigInt(witnessBytes)]);
  const vectorsAt = localAddress(vectors);

  const same = (a: Uint32Array, b: Uint32Array): boolean =>
    a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];

  function isOurs(): boolean {
    if (isAnother) return false;
    // Nothing is mapped at 0: EIO while the address space lives, 0 once it is gone.
    if (!hasWitness) return pread(memory, oursAt, 1, 0) !== 0;
    const count = pread(memory, oursAt, witnessBytes, address);
    if (count === 0) return false;
    if (count !== witnessBytes) return true;
    // Naming them here also keeps the vectors alive: an address does not.
    vectors[3] = BigInt(witnessBytes);
    const moved = processVmReadv(pid, vectorsAt, 1, vectorsAt + 16, 1);
    if (moved === -Errno.ESRCH) return false;
    if (moved !== witnessBytes) {
      // The program has taken the access of its stack away, or something forbids the call: a descriptor tells as well, opened
      // anew. One that may not be opened any more leaves ours, and then nothing is read by number either.
      const now = bytesNow(pid, address);
      return now === 'closed' || (now !== 'nothing' && same(now, ours));
    }
    if (!same(landed, ours)) return false;
    // The program may overwrite them, as some do to hide them: whatever both ways agree on is the witness from now on.
    known.set(ours);
    return true;
  }

  return {
    isOurs,
    witness: hasWitness ? { address, localAt: landedAt, holds: (other = landed) => same(other, known) } : undefined,
  };
}

/** What the address space that the pid has now holds there; `closed` where it cannot be opened. */
function bytesNow(pid: number, address: number): Uint32Array | 'nothing' | 'closed' {
  let memory: number | undefined;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
    const bytes = new Uint32Array(new ArrayBuffer(4096), 0, 4);
    return pread(memory, localAddress(bytes), witnessBytes, address) === witnessBytes ? bytes : 'nothing';
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(codeOf(error)) ? 'nothing' : 'closed';
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}

/** The address of the random bytes, out of /proc/<pid>/auxv; 0 where it has none, `undefined` where it has nothing at all. */
function randomAt(pid: number, pointerBytes: number): number | undefined {
  const auxv = readProc(`/proc/${pid}/auxv`);
  if (auxv === undefined) return 0;
  for (let at = 0; at + 2 * pointerBytes <= auxv.length; at += 2 * pointerBytes) {
    const word = auxv.subarray(at + pointerBytes, at + 2 * pointerBytes);
    switch (auxv.readUInt32LE(at)) {
      case AT_RANDOM:
        return word.readUIntLE(0, Math.min(6, word.length));
      case AT_NULL:
        return at === 0 ? undefined : 0;
    }
  }
  return auxv.length === 0 ? undefined : 0;
}
