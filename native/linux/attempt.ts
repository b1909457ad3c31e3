import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import type { Tried } from '../../common/access.ts';
import { codeOf, Errno } from './errno.ts';
import { localAddress, processVmReadv, processVmWritev } from './libc.ts';
import { readLink } from './procfs.ts';

/** The last page of all: the kernel's own half, so no process has it, and a call that may go there gives EFAULT. */
const nowhere = 0xffff_ffff_ffff_f000n;

/** Asks the kernel instead of its rules, and touches no memory: `undefined` where the process or its memory has gone. */
export function tryAccess(pid: number): Tried | undefined {
  const opened = tryOpen(pid, 'r');
  const read = tryCall(processVmReadv, pid);
  if (opened === 'gone' || read === Errno.ESRCH) return undefined;
  return {
    memory: opened === 'denied' ? 'denied' : tryOpen(pid, 'r+') === 'opened' ? 'readWrite' : 'readOnly',
    // proc_ns_readlink of fs/proc/namespaces.c asks with PTRACE_MODE_READ_FSCREDS; every kernel has this namespace.
    look: readLink(`/proc/${pid}/ns/mnt`) !== '',
    read,
    // Yama and others log each refusal: one of a kind is enough.
    write: read === 0 ? tryCall(processVmWritev, pid) : read,
    ownRead: read === 0 ? 0 : tryCall(processVmReadv, process.pid),
  };
}

/** Whether `attach` will be let in: it reads through the file where the call is refused. */
export function isAllowed({ memory }: Tried): boolean {
  return memory !== 'denied';
}

function tryOpen(pid: number, flags: 'r' | 'r+'): 'opened' | 'denied' | 'gone' {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, flags));
    return 'opened';
  } catch (error) {
    switch (codeOf(error)) {
      case 'EACCES':
      case 'EPERM':
      case 'EROFS':
        return 'denied';
      default:
        return 'gone';
    }
  }
}

const vectors = new BigUint64Array(new ArrayBuffer(32));
const byte = new Uint8Array(new ArrayBuffer(8));

/** The errno of a call for one byte of nowhere; 0 for EFAULT, the answer of a call that is allowed. */
function tryCall(call: typeof processVmReadv, pid: number): number {
  vectors[0] = BigInt(localAddress(byte));
  vectors[1] = 1n;
  vectors[2] = nowhere;
  vectors[3] = 1n;
  const at = localAddress(vectors);
  const outcome = call(pid, at, 1, at + 16, 1);
  return outcome === -Errno.EFAULT ? 0 : -outcome;
}
