import { readFileSync } from 'node:fs';
import { pageBytes } from '../common/page.ts';
import { Access, type RegionTable } from '../common/region.ts';
import { localAddress } from './linux/libc.ts';
import { guardBytes, type Guard } from './linux/scatter.ts';

const zeros = new Uint8Array(new ArrayBuffer(pageBytes), 0, guardBytes);
let zerosAt: number | undefined;

/**
 * What a write by number takes along first, so that it reaches no other address space.
 *
 * process_vm_writev knows only a number. Where the process is in the middle of an exec the kernel lets the call wait for that,
 * and then writes to what has come instead (mm_access takes exec_update_lock, fs/exec.c): a check before the call does not
 * help. But it goes through the ranges of a call in their order, and ends it at the first that it cannot write to. The guard is the
 * eight zeros that it leaves at the very end of each stack, past names and arguments (__bprm_mm_init): written once
 * more they change nothing, and a new address space has its stack elsewhere.
 *
 * `undefined` where the stack is no proof: not placed at random, or at one of so few places as a 32-bit program's is that two
 * may overlap; not writable; or put to other use.
 */
export function guardOf(
  { pid, pointerBytes }: { readonly pid: number; readonly pointerBytes: number },
  table: RegionTable,
  readThrough: (address: bigint, bytes: Uint8Array) => number,
): Guard | undefined {
  if (pointerBytes < 8) return undefined;
  const index = table.nameOf.indexOf(table.names.indexOf('[stack]'));
  if (index < 0 || ((table.access[index] as number) & Access.write) === 0 || !isPlacedAtRandom(pid)) return undefined;
  const address = (table.ends[index] as number) * pageBytes - guardBytes;
  const found = new Uint8Array(new ArrayBuffer(guardBytes));
  if (readThrough(BigInt(address), found) !== guardBytes || found.some((byte) => byte !== 0)) return undefined;
  return { address, localAt: (zerosAt ??= localAddress(zeros)) };
}

function isPlacedAtRandom(pid: number): boolean {
  const ADDR_NO_RANDOMIZE = 0x0004_0000;
  try {
    const personality = Number.parseInt(readFileSync(`/proc/${pid}/personality`, 'latin1'), 16);
    const setting = Number(readFileSync('/proc/sys/kernel/randomize_va_space', 'latin1'));
    return (personality & ADDR_NO_RANDOMIZE) === 0 && setting > 0;
  } catch {
    return false;
  }
}
